"""One command's measurements: accounts are made, and the rows that share one are measured in it."""

import datetime
import os
import shutil
import signal
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import figures
from bench import Bench
from measuring import OURS, alternate
from recording import Measurement
from settings import BenchError


def now():
    return datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")


def _end(number, _frame):
    # As an exception, so that all `with` blocks unmount and end what they have started.
    sys.exit(128 + number)


def begin():
    """Prepares the process, or ends it where nothing can be mounted."""
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end)
    os.umask(0o077)
    if not Path("/dev/fuse").exists():
        sys.exit("bench: there is no /dev/fuse: load the module with 'modprobe fuse', or give the container the device")


def selected(rows, names):
    """The rows of some names; all of them when there are no names."""
    unknown = set(names) - {row.name for row in rows}
    if unknown:
        there = ", ".join(row.name for row in rows)
        sys.exit(f"bench: there is no row {', '.join(sorted(unknown))}; there are: {there}")
    return [row for row in rows if not names or row.name in names]


class Session:
    """Measures rows of a table, with one program of twiliofs and the rows' peers, or with several programs."""

    def __init__(self, table, settings, machine="", commit="", programs=None):
        self._table = table
        self._settings = settings
        self._programs = programs  # paths by name; None for the one that was built, with peers
        self._common = {"table": table.name, "machine": machine, "commit": commit, "session": now()}
        if table.sheet.is_strict:
            self._common["seed"] = settings.seed
        self._folder = None

    def measure(self, rows):
        """Yields each row with its measurements, those of one account after the other."""
        self._settings.folder.mkdir(parents=True, exist_ok=True)
        # In the kept folder, so that media can be linked instead of copied.
        with tempfile.TemporaryDirectory(prefix="run-", dir=self._settings.folder) as folder:
            self._folder = Path(folder)
            for key in dict.fromkeys(row.account for row in rows):
                yield from self._with_account(key, [row for row in rows if row.account == key])

    def _with_account(self, key, rows):
        folder = self._folder / str(key)
        folder.mkdir()
        print(f"Making the account '{key}'…", file=sys.stderr, flush=True)
        left = list(rows)
        try:
            with self._table.open_account(self._settings, folder, rows) as account:
                while left:
                    row = left.pop(0)
                    print(f"{row.name}…", file=sys.stderr, flush=True)
                    yield row, self._measured(row, account)
        except BenchError as error:
            for row in left:
                yield row, [self._failure(row, error)]
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _measured(self, row, account):
        try:
            return list(self._runs(row, account))
        except (BenchError, OSError) as error:
            return [self._failure(row, error)]

    def _failure(self, row, error):
        text = str(error).replace("\n", " ")
        print(f"{row.name}: {text}", file=sys.stderr, flush=True)
        figure = row.figures[0]
        return Measurement(
            row=row.name, figure=figure.key, variant=OURS, value=None, unit=figure.unit, run=0, time=now(), error=text,
            **self._common)

    def _runs(self, row, account):
        with ExitStack() as stack:
            contest, contestants = self._contestants(row, account, stack)
            sizes = self._settings.sizes
            for run, name, result in alternate(
                    contestants, contest.runs or sizes.runs, sizes.patience, contest.memory):
                for key, value in result.items():
                    yield self._measurement(row, row.figure(key), name, value, run)

    def _contestants(self, row, account, stack):
        """A contest, and all that take turns in it, by the variants' names."""
        def contest(name, program=None):
            folder = self._folder / f"row-{row.name}-{name}"
            stack.callback(Bench.remove, folder)
            return stack.enter_context(row.contest(row, Bench(self._settings, account, folder, program)))

        if self._programs:
            contests = {name: contest(name, program) for name, program in self._programs.items()}
            return next(iter(contests.values())), {name: one.ours for name, one in contests.items()}
        one = contest(OURS)
        peer = next((figure.peer for figure in row.figures if figure.peer), None)
        return one, {OURS: one.ours} | ({peer: one.peer} if one.peer else {})

    def _measurement(self, row, figure, name, value, run):
        many = {}
        if isinstance(value, figures.Distribution):
            many = {"percentiles": {str(key): one for key, one in value.percentiles.items()}, "count": value.count}
            value = value.value
        return Measurement(
            row=row.name, figure=figure.key, variant=name, value=value, unit=figure.unit, run=run, time=now(), **many,
            **self._common)
