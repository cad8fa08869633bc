"""Learning the sizes of recordings: a request each."""

import sys
from contextlib import contextmanager
from pathlib import Path

from catalog import database
from figures import Bar, Contest, Figure, Row
from generated import Generated
from processes import run, timed
from settings import BenchError, program

_ONE_BY_ONE = Path(__file__).with_name("one_by_one.py")
_LATENCY = 50


def rows(sizes):
    account = Generated("sizes", sizes.sized_recordings, latency=_LATENCY)
    probed = _probed(sizes)
    figure = Figure(
        f"sizes of {account.count:,} recordings, {_LATENCY} ms latency: `find recordings -printf '%s\\n'`", "s",
        peer="ranged requests one by one, Python", bar=Bar(20))
    note = (
        f"one by one is measured with {probed} recordings and its time multiplied by {account.count / probed:.4g}; it "
        "knows the SIDs, and keeps its connection.")
    return [Row("sizes", (figure,), account, [], _measure, (note,))]


def _probed(sizes):
    return min(sizes.probed_recordings, sizes.sized_recordings)


@contextmanager
def _measure(row, bench):
    account = bench.account
    probed = _probed(bench.sizes)
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

    yield Contest(ours, one_by_one, runs=bench.sizes.long_runs)
