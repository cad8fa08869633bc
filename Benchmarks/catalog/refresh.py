"""Asking a very large account for what is new."""

import time

from catalog import database, million
from measuring import Row, limited
from processes import wait_until
from settings import BenchError

_LIMIT = 3
_INTERVAL = 5


def rows(sizes):
    return [
        Row("refresh", f"requests of a refresh that finds nothing new among {sizes.recordings:,}",
            million.account(sizes), [], _measure)]


def _measure(row, bench):
    cache = million.synced(bench)
    if bench.has_option("refresh"):
        count, notes = _regular(bench, cache), []
    else:
        count, notes = _after_mounting(bench, cache), [
            "it is the one that a new mount makes; the request that checks the credentials isn't counted."]
    return [limited(row, row.figure, count, _LIMIT, str, 1, notes)]


def _regular(bench, cache):
    """Requests from one refresh to the next."""
    with bench.mounted(cache, options=["--refresh", _INTERVAL]) as mounted:
        _await_refresh(mounted)
        bench.account.forget_requests()
        _await_refresh(mounted)
        return len(bench.account.requests())


def _after_mounting(bench, cache):
    database.forget_refreshes(cache, 120)
    bench.account.forget_requests()
    with bench.mounted(cache) as mounted:
        _await_refresh(mounted)
        return sum(not bench.account.is_check(request) for request in bench.account.requests())


def _await_refresh(mounted):
    """Waits until all lists have been refreshed once more, and for what may come after that."""
    def times():
        return [told.get("last_refresh") for told in mounted.status()["lists"].values()]

    before = times()
    if not wait_until(lambda: all(now != then for now, then in zip(times(), before)), 60):
        raise BenchError("the lists aren't refreshed")
    time.sleep(1)
