"""The attributes of single files of a very large directory."""

import os
import time
from contextlib import contextmanager

from catalog import database, million
from figures import Contest, Distribution, Figure, Row, WITHIN_LIMIT

_LIMIT = 200e-6


def rows(sizes):
    figure = Figure(
        "`stat` of a file not known to the kernel, size known: median", "s", limit=_LIMIT, bar=WITHIN_LIMIT)
    note = (
        f"{sizes.stat_calls:,} files in no order; the catalog's file is in the page cache; {million.SIZES_NOTE}")
    return [Row("stat", (figure,), million.account(sizes), [], _measure, (note,))]


@contextmanager
def _measure(row, bench):
    cache = million.sized(bench)
    names = database.random_names(cache, bench.sizes.stat_calls)

    def ours():
        with bench.mounted(cache) as mounted:
            folder = mounted.path / "recordings"
            # The folder's own attributes, and what a mount has to do when it begins, count elsewhere.
            folder.stat()
            mounted.await_list("recordings", 60)
            return Distribution.of([_duration_of_stat(f"{folder}/{name}") for name in names])

    yield Contest(ours)


def _duration_of_stat(path):
    start = time.perf_counter_ns()
    os.stat(path)
    return (time.perf_counter_ns() - start) / 1e9
