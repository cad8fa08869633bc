"""The first sync of a very large account."""

import sys
from contextlib import contextmanager
from pathlib import Path

from catalog import million
from figures import Bar, Contest, Figure, Row, WITHIN_LIMIT
from processes import run
from settings import BenchError, program

_PAGE_CHAIN = Path(__file__).with_name("page_chain.py")
_MEMORY_LIMIT = 300_000_000
# Of the speed: signing may take a tenth more time.
_SIGNED_SHARE = 0.91


def rows(sizes):
    account = million.account(sizes)
    figures = (
        Figure(
            f"first sync of {sizes.recordings:,} recordings, {account.latency} ms latency", "s",
            peer="following the chain of pages, Python", bar=Bar(4)),
        Figure("… peak resident size", "B", key="memory", limit=_MEMORY_LIMIT, bar=WITHIN_LIMIT),
        Figure("… time of a core that the mount uses", "s", key="mount"),
        Figure("… and the simulator for it", "s", key="simulator"))
    signed = Figure(
        f"first sync of {sizes.recordings:,} recordings with signed requests", "s", peer="the same without signatures",
        bar=Bar(_SIGNED_SHARE))
    return [
        Row("sync", figures, account, [], _measure, ("all processes share the cores.",)),
        Row("signed-sync", (signed,), account, [], _measure_signed, ("the signing key has 2,048 bits.",))]


@contextmanager
def _measure(row, bench):
    account = bench.account

    def ours():
        cache = bench.new_folder("cache")
        before = account.processor_seconds
        found = {}

        def look(mounted):
            found.update(
                memory=mounted.peak_memory(), mount=mounted.processor_seconds,
                simulator=account.processor_seconds - before)

        seconds = million.sync(bench, cache, look)
        million.keep(bench, cache)
        return {"": seconds, **found}

    def chain():
        words = run([sys.executable, "-I", _PAGE_CHAIN, account.list_url, account.credentials]).split()
        if int(words[1]) != account.count:
            raise BenchError(f"the chain of pages has {int(words[1])} of {account.count} recordings")
        return float(words[0])

    yield Contest(ours, chain, runs=bench.sizes.long_runs)


@contextmanager
def _measure_signed(row, bench):
    account = bench.account
    if not bench.has_option("signing-key"):
        raise BenchError("this program of twiliofs can't sign requests")
    folder = bench.new_folder("signing")
    private_key, public_key, secret = (folder / name for name in ("private.pem", "public.pem", "secret"))
    run([program("openssl"), "genrsa", "-out", private_key, 2048])
    run([program("openssl"), "rsa", "-in", private_key, "-pubout", "-out", public_key])
    secret.write_text(account.description["apiSecret"])
    secret.chmod(0o600)
    sid = account.add_public_key(public_key.read_text())
    unsigned = ["--api-key", account.description["apiKey"], "--api-secret-file", secret]

    def sync(options):
        cache = bench.new_folder("cache")
        seconds = million.sync(bench, cache, options=options)
        bench.remove(cache)
        return seconds

    # Signed requests are checked, others are served as well.
    account.set_behaviour(clientValidation="enabled")
    try:
        yield Contest(
            lambda: sync([*unsigned, "--signing-key", f"{sid}={private_key}"]), lambda: sync(unsigned),
            runs=bench.sizes.long_runs)
    finally:
        account.set_behaviour(clientValidation="disabled")
