"""The attributes of single files of a very large directory."""

import os
import statistics
import time

from catalog import database, million
from measuring import Row, duration, limited

_LIMIT = 200e-6


def rows(sizes):
    return [
        Row("stat", "`stat` of a file not known to the kernel, size known: median", million.account(sizes), [],
            _measure)]


def _measure(row, bench):
    cache = million.sized(bench)
    names = database.random_names(cache, bench.sizes.stat_calls)
    medians, slow = [], []
    for _ in range(bench.sizes.runs):
        with bench.mounted(cache) as mounted:
            folder = mounted.path / "recordings"
            # The folder's own attributes, and what a mount has to do when it begins, count elsewhere.
            folder.stat()
            mounted.await_list("recordings", 60)
            nanoseconds = sorted(map(_duration_of_stat, [f"{folder}/{name}" for name in names]))
        medians.append(statistics.median(nanoseconds) / 1e9)
        slow.append(nanoseconds[len(nanoseconds) * 99 // 100] / 1e9)
    return [
        limited(
            row, row.figure, statistics.median(medians), _LIMIT, duration, bench.sizes.runs,
            [f"the slowest 1 % of {len(names):,} took {duration(statistics.median(slow))} and more; the files are in no "
             "order; the catalog's file is in the page cache; " + million.SIZES_NOTE])]


def _duration_of_stat(path):
    start = time.perf_counter_ns()
    os.stat(path)
    return time.perf_counter_ns() - start
