"""Asking a very large account for what is new."""

import time
from contextlib import contextmanager

from catalog import million
from figures import Contest, Figure, Row, WITHIN_LIMIT
from processes import wait_until
from settings import BenchError

_INTERVAL = 5


def rows(sizes):
    figure = Figure(
        f"requests of a refresh that finds nothing new among {sizes.recordings:,}", "1", limit=3, bar=WITHIN_LIMIT)
    return [Row("refresh", (figure,), million.account(sizes), [], _measure)]


@contextmanager
def _measure(row, bench):
    cache = million.synced(bench)

    def ours():
        """The number of requests from one refresh to the next."""
        with bench.mounted(cache, options=["--refresh", _INTERVAL]) as mounted:
            _await_refresh(mounted)
            bench.account.forget_requests()
            _await_refresh(mounted)
            return len(bench.account.requests())

    yield Contest(ours, runs=1)


def _await_refresh(mounted):
    """Waits until all lists have been refreshed once more, and for what may come after that."""
    def times():
        return [told.get("last_refresh") for told in mounted.status()["lists"].values()]

    before = times()
    if not wait_until(lambda: all(now != then for now, then in zip(times(), before)), 60):
        raise BenchError("the lists aren't refreshed")
    time.sleep(1)
