"""A mount whose catalog has everything, until it answers."""

import time
from contextlib import contextmanager

from catalog import database, million
from figures import Contest, Figure, Row, WITHIN_LIMIT

_LIMIT = 0.5


def rows(sizes):
    figures = (
        Figure(f"mount with {sizes.recordings:,} recordings known, until `stat` of a file answers", "s", limit=_LIMIT,
               bar=WITHIN_LIMIT),
        Figure("… its size to be learnt", "s", key="unsized", limit=_LIMIT, bar=WITHIN_LIMIT))
    note = f"the catalog's file is in the page cache; {million.SIZES_NOTE}"
    return [Row("mount", figures, million.account(sizes), [], _measure, (note,))]


@contextmanager
def _measure(row, bench):
    # Another file each time, so that no size is one that the run before has learnt.
    kinds = {
        key: (cache, iter(database.random_names(cache, bench.sizes.runs)))
        for key, cache in (("", million.sized(bench)), ("unsized", million.synced(bench)))}

    def seconds(cache, names):
        start = time.perf_counter()
        with bench.mounted(cache) as mounted:
            (mounted.path / "recordings" / next(names)).stat()
            return time.perf_counter() - start

    yield Contest(lambda: {key: seconds(*kind) for key, kind in kinds.items()})
