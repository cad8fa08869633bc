"""What a row of `make chaos` is made with: a seeded choice of faults, a log of them, programs, and a watch over them.

A row is made by `row`, of figures made by `none`, `within` and `told`, and of a function that gets a `Chaos` and gives
a dictionary of amounts by the figures' keys. It has passed when no figure exceeds its limit.
"""

import json
import random
import shutil
import time
from contextlib import ExitStack, contextmanager

import mount
from chaos.account import ServedAccount
from chaos.watch import Watch
from figures import Bar, Contest, Figure, Row, WITHIN_LIMIT
from processes import Server, wait_until
from settings import BenchError

_NOTHING = Bar(0, is_ceiling=True)
STUCK = "stuck"


def none(text, key=""):
    """A figure of which there may be nothing: wrong bytes, for instance."""
    return Figure(text, "1", key=key, limit=0, bar=_NOTHING)


def within(text, unit, limit, key=""):
    """A figure with a limit of its own."""
    return Figure(text, unit, key=key, limit=limit, bar=WITHIN_LIMIT)


def told(text, unit, key=""):
    """A figure that is only reported."""
    return Figure(text, unit, key=key)


def row(name, figures, body, notes=()):
    """A row with its figures, and one of its processes that couldn't be ended for too long."""
    figures = (*figures, none("… processes in uninterruptible sleep past the deadline", STUCK))

    @contextmanager
    def contest(_, bench):
        yield Contest(lambda: Chaos(bench, name).run(body), runs=1)

    # The account's text is what the session says it makes: each row makes what it needs.
    return Row(name, figures, "surroundings", [], contest, notes)


@contextmanager
def surroundings(settings, folder, rows):
    """Gives nothing: what one row has broken is no good for the next."""
    yield None


class Chaos:
    """One row's surroundings: all that it starts ends with it, whatever happens."""

    # The seconds after which each request of the kernel has been answered (PendingRequests.swift).
    deadline = 100

    def __init__(self, bench, name):
        self.settings = bench.settings
        self.is_quick = bench.settings.quick
        self.folder = bench.folder
        # A choice of its own for each row, so that one that is run alone meets the same faults.
        self.random = random.Random(f"{self.settings.seed}-{name}")
        # The logs outlive the run.
        self.logs = self.settings.folder / "chaos" / name
        shutil.rmtree(self.logs, ignore_errors=True)
        self.logs.mkdir(parents=True)
        self._begin = time.monotonic()
        self._stack = ExitStack()
        self._twiliofs = bench.twiliofs
        self._count = 0
        self.watch = Watch(self.deadline)

    def run(self, body):
        """Gives what the body has counted, and how many processes were stuck."""
        with self._stack, self.watch:
            self.note("begins", seed=self.settings.seed)
            try:
                result = body(self)
            except (BenchError, OSError):
                raise
            except Exception as error:
                raise BenchError(f"{type(error).__name__}: {error}") from error
            self.watch.end()
            self.note("ends", result={key: value for key, value in result.items() if isinstance(value, (int, float))})
            return result | {STUCK: len(self.watch.stuck)}

    # What is chosen

    def amount(self, full, quick):
        """How much is to be done."""
        return quick if self.is_quick else full

    def seed(self):
        """A number for another program's choice."""
        return self.random.getrandbits(48)

    def note(self, event, **members):
        """Adds a line to the log of what was done to the programs."""
        line = {"seconds": round(time.monotonic() - self._begin, 3), "event": event, **members}
        with open(self.logs / "faults.jsonl", "a", encoding="utf-8") as log:
            log.write(json.dumps(line, default=str) + "\n")

    @staticmethod
    def clock():
        """The seconds since some moment."""
        return time.monotonic()

    # What is started

    @property
    def twiliofs(self):
        return self._twiliofs

    def new_folder(self, name):
        """An empty folder that goes with the row."""
        self._count += 1
        folder = self.folder / f"{name}-{self._count}"
        folder.mkdir(parents=True)
        return folder

    def enter(self, context):
        """Enters a context until the end of the row."""
        return self._stack.enter_context(context)

    def account(self, originals, *arguments):
        """Starts a simulator that serves files (`media.Original`) until the end of the row."""
        return self.enter(ServedAccount(self, originals, arguments))

    def server(self, arguments, name, environment=None):
        """Starts a program until the end of the row; its log has its name."""
        return self.enter(Server(arguments, self.logs / f"{name}.log", environment))

    def mount_of(self, account, *options, cache=None, api_url=None, name="twiliofs", environment=None,
                 kind=mount.Mount, **more):
        """A mount for a `with` block; its log is kept. It has no disk cache unless `--cache-size` is given."""
        folder = self.new_folder(name)
        arguments = [
            self._twiliofs, "mount", "--foreground", "--account-sid", account.description["accountSid"], "--key",
            account.private_key, "--cache-dir", cache or self.new_folder("cache"),
            "--api-url", api_url or account.api_url, "--video-url", api_url or account.api_url]
        if "--cache-size" not in options:
            arguments += ["--cache-size", "0"]
        variables = {"TWILIO_AUTH_TOKEN": account.description["authToken"]} | (environment or {})
        return kind([*arguments, *options], folder, variables, log=self.logs / f"{name}.log", **more)

    def mounted(self, account, *options, **more):
        """A mount until the end of the row."""
        return self.enter(self.mount_of(account, *options, **more))

    def program(self, name):
        """The path of a program that is built beside the simulator for the tests."""
        path = self.settings.simulator.parent / name
        if not path.exists():
            raise BenchError(f"{path} is missing: run 'make chaos', which builds it")
        return path

    def log_lines(self, name="twiliofs"):
        """The lines of a program's log so far."""
        path = self.logs / f"{name}.log"
        return path.read_text(errors="replace").splitlines() if path.exists() else []

    @staticmethod
    def await_condition(condition, seconds, what):
        """Fails unless something comes true within a time."""
        if not wait_until(condition, seconds, interval=0.02):
            raise BenchError(f"not within {seconds} seconds: {what}")
