"""A proxy between the mount and its service that does what networks do."""

import ssl
import time

from chaos import library
from chaos.harness import none, row, told
from chaos.proxy import CUT, DRIP, DUPLICATE, HALF_OPEN, RESET, RESET_AFTER_HEAD, VANISH, WAYS, Proxy, Way
from chaos.readers import Exercise, Tally, await_reading, late, wrong
from chaos.resolver import ANSWER, FAIL, GARBAGE, NAME, NEVER, NOBODY, NamespaceMount, Resolver, has_privileges
from processes import run
from settings import BenchError, program

# Nobody between sees where a head ends.
_WITHIN_TLS = [way for way in WAYS if way != RESET_AFTER_HEAD]
_HANGING = (HALF_OPEN, DRIP, VANISH)
_OPTIONS = ("--memory", "32M")


def rows(sizes):
    def figures(text):
        return (
            wrong(text), late(), told("… the longest", "s", "longest"), told("… reads that failed", "1", "errors"),
            none("… reads that failed when all was well again", "later"))

    return [
        row("proxy-tls", figures(f"a proxy between, with TLS ({', '.join(_WITHIN_TLS)})"), _with_tls),
        row("proxy", figures("a proxy between, without TLS"), _without_tls, (
            "without TLS, bytes that come twice are only noticed in media that has a tag; so there they come twice in "
            "voice recordings alone.",)),
        row("names", figures("a name server that answers late, wrongly or never"), _with_names, (
            "the mount has /etc/resolv.conf of its own in a mount namespace, for which make chaos has to be root's.",)),
    ]


class _Between:
    """An account behind two proxies, and its mount."""

    def __init__(self, chaos, account, host="127.0.0.1", tls=None, scheme="http"):
        self.chaos = chaos
        self.account = account
        self.proxies = [
            chaos.enter(Proxy(chaos, name, ("127.0.0.1", int(url.rsplit(":", 1)[1])), tls))
            for name, url in (("api", account.api_url), ("media", account.media_url))]
        account.set_behaviour(mediaOrigin=f"{scheme}://{host}:{self.proxies[1].port}")
        self.api_url = f"{scheme}://{host}:{self.proxies[0].port}"
        self.recordings = list(account.recordings.values())
        self.total = Tally()
        self.mounted = None

    def mount(self, *options, **more):
        self.mounted = self.chaos.mounted(self.account, *_OPTIONS, *options, api_url=self.api_url, **more)
        # The names are known: what is tried is reading.
        for kind in library.KINDS:
            list((self._visible / kind).iterdir())

    @property
    def _visible(self):
        return getattr(self.mounted, "visible_path", self.mounted.path)

    def misbehave(self, *ways):
        for proxy in self.proxies:
            proxy.misbehave(*ways)

    def read(self, name, recordings=None, **choices):
        """Reads while something is amiss."""
        self.total.add(self._exercise(name, recordings or self.recordings, **choices))

    def _exercise(self, name, recordings, **choices):
        plan = {"threads": 12, "forget": 1000, "reopen": 200} | choices
        prefix = getattr(self.mounted, "prefix", ())
        return Exercise(self.chaos, recordings, self.mounted.path, name, prefix=prefix, **plan).tally()

    def result(self):
        """Reads when all is well again, and gives what is told of all."""
        self.misbehave()
        # Each kind may have a host of its own that is known to be unreachable.
        await_reading([self._visible / one.place for one in self.recordings])
        after = self._exercise("after", self.recordings, count=self.chaos.amount(3000, 300))
        later, errors = after.errors, self.total.errors
        self.total.add(after)
        return {
            "wrong": self.total.wrong, "late": self.total.late, "longest": self.total.longest, "errors": errors,
            "later": later}


def _try_ways(between, ways, recordings=None, name="reads"):
    """Reads while a part of the connections misbehave; in a long run in one way after the other, then all of them."""
    chaos = between.chaos
    if chaos.is_quick:
        between.misbehave(*(Way(way, 0.12) for way in ways))
        between.read(f"{name}, all ways", recordings, seconds=3)
        between.misbehave()
        return
    for way in ways:
        between.misbehave(Way(way, 0.4))
        between.read(f"{name}, {way}", recordings, seconds=15)
    for way in _HANGING:
        if way in ways:
            between.misbehave(Way(way))
            between.read(f"{name}, {way} always", recordings, seconds=2)
    between.misbehave()


def _with_tls(chaos):
    account = chaos.account(library.originals(chaos, 24, library.LARGE), "--tls")
    between = _Between(chaos, account, scheme="https")
    between.mount("--ca-file", account.description["caFile"])
    _try_ways(between, _WITHIN_TLS)
    return between.result()


def _without_tls(chaos):
    account = chaos.account(library.originals(chaos, 24, library.LARGE))
    between = _Between(chaos, account)
    between.mount()
    # A head that comes twice leaves the list of recordings as it was, but a list can't be checked.
    # Silence takes its time, and a short run has it with TLS.
    _try_ways(between, [RESET_AFTER_HEAD, RESET, CUT, *chaos.amount(_HANGING, ())])
    result = between.result()
    # Last: what was found to be forged stays forged for a while.
    voice = [one for one in between.recordings if one.place.startswith("recordings/")]
    between.misbehave(Way(DUPLICATE, 0.3))
    between.read("duplicate", voice, seconds=chaos.amount(20, 2))
    between.misbehave()
    return result | {"wrong": between.total.wrong, "late": between.total.late, "errors": between.total.errors}


def _with_names(chaos):
    if not has_privileges():
        raise BenchError("only root can give a mount a name server of its own: run this as root")
    resolver = chaos.enter(Resolver(chaos))
    account = chaos.account(library.originals(chaos, 12, library.LARGE))
    certificate, context = _certificate(chaos)
    between = _Between(chaos, account, NAME, context, "https")
    resolver.misbehave(ANSWER, delay=0.5)
    between.mount(
        "--ca-file", certificate, kind=NamespaceMount, resolver=resolver)
    between.read("late names", seconds=chaos.amount(10, 2))
    for way, delay in chaos.amount(((ANSWER, 7.0), (FAIL, 0.0), (NOBODY, 0.0), (GARBAGE, 0.0), (NEVER, 0.0)), ()):
        resolver.misbehave(way, delay)
        # libcurl keeps an address for a minute.
        time.sleep(61)
        for proxy in between.proxies:
            proxy.stop()
            proxy.start()
        between.read(f"names: {way}", seconds=5)
    if not resolver.queries:
        raise BenchError("nobody has asked the name server")
    resolver.misbehave(ANSWER)
    return between.result()


def _certificate(chaos):
    """A certificate for the name, which is its own authority, and what a server needs of it."""
    folder = chaos.new_folder("certificate")
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    run([
        program("openssl"), "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", key, "-out",
        certificate, "-subj", f"/CN={NAME}", "-addext", f"subjectAltName=DNS:{NAME}"])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return certificate, context
