"""Calls that move no bytes."""

from contextlib import contextmanager

from figures import Contest, Distribution, Figure, Row
from processes import run
from rows.library import ACCOUNT, film
from settings import BenchError, program

_CALLS = ("stat", "open")


def rows(sizes):
    figures = tuple(
        Figure(f"`{text}` of a file that was read", "s", key=key, peer="local disk")
        for key, text in zip(_CALLS, ("stat", "open and close")))
    return [Row("attributes", figures, ACCOUNT, [film(sizes)], _measure)]


def _compiler():
    for name in ("cc", "gcc", "clang"):
        try:
            return program(name)
        except BenchError:
            continue
    raise BenchError("there is no C compiler: install gcc")


@contextmanager
def _measure(row, bench):
    calls = bench.folder / "attributes"
    run([_compiler(), "-O2", "-o", calls, bench.settings.repository / "Benchmarks/rows/attributes.c"])
    recording = bench.recording("film.mp4")

    def durations(path):
        return {call: _distribution(run([calls, call, path, bench.sizes.attribute_calls])) for call in _CALLS}

    with bench.mounted(bench.known(recording)) as mounted:
        path = mounted.file(recording)
        bench.check(path, recording)
        yield Contest(lambda: durations(path), lambda: durations(recording.original))


def _distribution(output):
    """The mean of all calls, which no look at the clock interrupts, and the percentiles of as many others."""
    mean, count, *percentiles = output.split()
    return Distribution(float(mean), dict(zip((50, 90, 99), map(float, percentiles))), int(count))
