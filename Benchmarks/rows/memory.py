"""Many readers at once: what they and the process that serves them take."""

from contextlib import contextmanager

import fio
from figures import Contest, Figure, Row, WITHIN_LIMIT
from media import Noise, Original
from settings import MIB
from units import size_name

# The default of --memory, and what the program may have besides.
_POOL = 256 * MIB
_BESIDES = 96 * MIB


def rows(sizes):
    originals = [
        Original("compositions", f"reader-{number:02}.mp4", Noise(sizes.reader_size))
        for number in range(sizes.readers)]
    figures = (
        Figure(
            f"{sizes.readers} readers at once, {size_name(sizes.reader_size)} each: peak resident size", "B",
            limit=_POOL + _BESIDES, bar=WITHIN_LIMIT),
        Figure("… time of a reader", "s", key="time"))
    return [
        Row("memory", figures, "crowd", originals, _measure,
            ("the limit is the default of --memory and 96 MiB; p1 and p100 of the time are the first and the last "
             "reader's.",))]


@contextmanager
def _measure(row, bench):
    recordings = list(bench.account.recordings.values())
    cache = bench.known(*recordings)

    def ours():
        with bench.mounted(cache) as mounted:
            times = fio.read_whole([mounted.file(recording) for recording in recordings])
            return {"": mounted.peak_memory(), "time": times}

    yield Contest(ours)
