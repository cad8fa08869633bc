"""The first sync of a very large account."""

import statistics
import sys
from pathlib import Path

from catalog import million
from measuring import Bar, Outcome, Row, alternate, duration, limited
from processes import run
from settings import BenchError

_PAGE_CHAIN = Path(__file__).with_name("page_chain.py")
_MEMORY_LIMIT = 300_000_000


def rows(sizes):
    account = million.account(sizes)
    return [
        Row("sync", f"first sync of {sizes.recordings:,} recordings, {account.latency} ms latency", account, [],
            _measure)]


def _measure(row, bench):
    account = bench.account
    memory, used = [], []

    def ours():
        cache = bench.new_folder("cache")
        before = account.processor_seconds

        def look(mounted):
            memory.append(mounted.peak_memory())
            used.append((mounted.processor_seconds, account.processor_seconds - before))

        seconds = million.sync(bench, cache, look)
        million.keep(bench, cache)
        return seconds

    def chain():
        words = run([sys.executable, "-I", _PAGE_CHAIN, account.list_url, account.credentials]).split()
        if int(words[1]) != account.count:
            raise BenchError(f"the chain of pages has {int(words[1])} of {account.count} recordings")
        return float(words[0])

    medians, runs = alternate(bench.sizes, runs=bench.sizes.long_runs, ours=ours, chain=chain)
    seconds, peer = medians["ours"], medians["chain"]
    mount, simulator = (statistics.median(values) for values in zip(*used))
    return [
        Outcome(
            row.name, row.figure, "following the chain of pages, Python", duration(seconds), duration(peer),
            peer / seconds, Bar(4), runs,
            [f"all processes share the cores: the mount used {mount:.1f} s of a core, the simulator {simulator:.1f} s for "
             "it."]),
        limited(
            row, "… peak resident size", statistics.median(memory), _MEMORY_LIMIT,
            lambda size: f"{size / 1e6:.0f} MB", runs)]
