"""What a catalog takes on disk."""

from contextlib import contextmanager

from catalog import database, million
from figures import Contest, Figure, Row, WITHIN_LIMIT

_LIMIT = 1600


def rows(sizes):
    figures = (
        Figure("catalog on disk, a recording of an encrypted account: no size known", "B", limit=_LIMIT,
               bar=WITHIN_LIMIT),
        Figure("… all sizes known", "B", key="sized", limit=_LIMIT, bar=WITHIN_LIMIT))
    return [Row("disk", figures, million.account(sizes), [], _measure, (million.SIZES_NOTE,))]


@contextmanager
def _measure(row, bench):
    def bytes_each(cache):
        # As a mount leaves it.
        with bench.mounted(cache) as mounted:
            mounted.await_list("recordings", 60)
        return database.size_on_disk(cache) / bench.account.count

    def ours():
        return {"": bytes_each(million.synced(bench)), "sized": bytes_each(million.sized(bench))}

    yield Contest(ours, runs=1)
