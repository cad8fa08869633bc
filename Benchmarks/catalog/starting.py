"""A mount whose catalog has everything, until it answers."""

import time

from catalog import database, million
from measuring import Row, alternate, duration, limited

_LIMIT = 0.5


def rows(sizes):
    return [
        Row("mount", f"mount with {sizes.recordings:,} recordings known, until `stat` of a file answers",
            million.account(sizes), [], _measure)]


def _measure(row, bench):
    lines = []
    for figure, cache in ((row.figure, million.sized(bench)), ("… its size to be learnt", million.synced(bench))):
        # Another file each time, so that no size is one that the run before has learnt.
        names = iter(database.random_names(cache, bench.sizes.runs))

        def seconds(cache=cache, names=names):
            start = time.perf_counter()
            with bench.mounted(cache) as mounted:
                (mounted.path / "recordings" / next(names)).stat()
                return time.perf_counter() - start

        medians, runs = alternate(bench.sizes, ours=seconds)
        lines.append(limited(row, figure, medians["ours"], _LIMIT, duration, runs))
    lines[0].notes.append("the catalog's file is in the page cache; " + million.SIZES_NOTE)
    return lines
