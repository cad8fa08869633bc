"""The first sync of a very large account."""

import sys
from contextlib import contextmanager
from pathlib import Path

from catalog import million
from figures import Bar, Contest, Figure, Row, WITHIN_LIMIT
from processes import run
from settings import BenchError

_PAGE_CHAIN = Path(__file__).with_name("page_chain.py")
_MEMORY_LIMIT = 300_000_000


def rows(sizes):
    account = million.account(sizes)
    figures = (
        Figure(
            f"first sync of {sizes.recordings:,} recordings, {account.latency} ms latency", "s",
            peer="following the chain of pages, Python", bar=Bar(4)),
        Figure("… peak resident size", "B", key="memory", limit=_MEMORY_LIMIT, bar=WITHIN_LIMIT),
        Figure("… time of a core that the mount uses", "s", key="mount"),
        Figure("… and the simulator for it", "s", key="simulator"))
    return [Row("sync", figures, account, [], _measure, ("all processes share the cores.",))]


@contextmanager
def _measure(row, bench):
    account = bench.account

    def ours():
        cache = bench.new_folder("cache")
        before = account.processor_seconds
        found = {}

        def look(mounted):
            found.update(
                memory=mounted.peak_memory(), mount=mounted.processor_seconds,
                simulator=account.processor_seconds - before)

        seconds = million.sync(bench, cache, look)
        million.keep(bench, cache)
        return {"": seconds, **found}

    def chain():
        words = run([sys.executable, "-I", _PAGE_CHAIN, account.list_url, account.credentials]).split()
        if int(words[1]) != account.count:
            raise BenchError(f"the chain of pages has {int(words[1])} of {account.count} recordings")
        return float(words[0])

    yield Contest(ours, chain, runs=bench.sizes.long_runs)
