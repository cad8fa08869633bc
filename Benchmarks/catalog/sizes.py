"""Learning the sizes of recordings: a request each."""

import sys
from pathlib import Path

from catalog import database
from generated import Generated
from measuring import Bar, Outcome, Row, alternate, duration
from processes import run, timed
from settings import BenchError, program

_ONE_BY_ONE = Path(__file__).with_name("one_by_one.py")
_LATENCY = 50


def rows(sizes):
    account = Generated("sizes", sizes.sized_recordings, latency=_LATENCY)
    return [
        Row("sizes", f"sizes of {account.count:,} recordings, {_LATENCY} ms latency: `find recordings -printf '%s\\n'`",
            account, [], _measure)]


def _measure(row, bench):
    account = bench.account
    probed = min(bench.sizes.probed_recordings, account.count)
    names, known = [], []

    def ours():
        cache = bench.new_folder("cache")
        target = bench.folder / "sizes"
        with bench.mounted(cache) as mounted:
            mounted.await_list("recordings", 600)
            with open(target, "wb") as file:
                seconds = timed([program("find"), mounted.path / "recordings", "-printf", "%s\\n"], stdout=file)
            names[:] = database.random_names(cache, probed)
            known[:] = [(mounted.path / "recordings" / name).stat().st_size for name in names]
        found = [int(line) for line in target.read_text().splitlines()[1:]]
        if (len(found), sum(found)) != (account.count, account.total_size):
            raise BenchError(
                f"find printed {len(found)} sizes with a sum of {sum(found)}, and not {account.total_size}")
        bench.remove(cache)
        return seconds

    def one_by_one():
        media = [account.list_url.replace(".json", f"/{name}") for name in names]
        words = run([sys.executable, "-I", _ONE_BY_ONE, account.credentials, *media]).split()
        # Sealed recordings have a tag of 16 bytes.
        if int(words[1]) != sum(known) + 16 * probed:
            raise BenchError("the mount doesn't tell the sizes that the server does")
        return float(words[0]) * account.count / probed

    medians, runs = alternate(bench.sizes, runs=bench.sizes.long_runs, ours=ours, one_by_one=one_by_one)
    seconds, peer = medians["ours"], medians["one_by_one"]
    return [
        Outcome(
            row.name, row.figure, "ranged requests one by one, Python", duration(seconds), duration(peer), peer / seconds,
            Bar(20), runs,
            [f"one by one was measured with {probed} recordings and its time multiplied by {account.count / probed:.4g}; it "
             "knows the SIDs, and keeps its connection."])]
