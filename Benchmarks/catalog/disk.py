"""What a catalog takes on disk."""

from catalog import database, million
from measuring import Row, limited

_LIMIT = 1600


def rows(sizes):
    return [
        Row("disk", "catalog on disk, a recording of an encrypted account: no size known", million.account(sizes), [],
            _measure)]


def _measure(row, bench):
    lines = []
    for figure, cache in ((row.figure, million.synced(bench)), ("… all sizes known", million.sized(bench))):
        # As a mount leaves it.
        with bench.mounted(cache) as mounted:
            mounted.await_list("recordings", 60)
        bytes_each = database.size_on_disk(cache) / bench.account.count
        lines.append(limited(row, figure, bytes_each, _LIMIT, lambda size: f"{size / 1000:.2f} KB", 1))
    lines[1].notes.append(million.SIZES_NOTE)
    return lines
