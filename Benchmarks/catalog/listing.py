"""Going over all files of a very large directory."""

import statistics
import tempfile

from catalog import million
from measuring import Bar, Outcome, Row, alternate, duration, limited
from page_cache import drop_kernel_caches
from processes import timed
from settings import BenchError, program

_FIRST_LIMIT = 4
_SECOND_LIMIT = 2


def rows(sizes):
    account = million.account(sizes)
    return [
        Row("list", "`ls -f recordings | wc -l` after a mount", account, [], _measure_list),
        Row("find", "`find recordings -printf '%s\\n'`, sizes known", account, [], _measure_find)]


def _measure_list(row, bench):
    cache = million.synced(bench)
    times = {"first": [], "second": []}
    for _ in range(bench.sizes.runs):
        with bench.mounted(cache) as mounted:
            for name, values in times.items():
                target = bench.folder / name
                command = ["sh", "-c", 'ls -f "$1" | wc -l', "sh", mounted.path / "recordings"]
                with open(target, "wb") as file:
                    values.append(timed(command, stdout=file))
                # The directory itself and the one above are listed too.
                count = int(target.read_text()) - 2
                if count != bench.account.count:
                    raise BenchError(f"the {name} listing has {count} of {bench.account.count} recordings")
    return [
        limited(row, row.figure, statistics.median(times["first"]), _FIRST_LIMIT, duration, bench.sizes.runs),
        limited(row, "… the second time", statistics.median(times["second"]), _SECOND_LIMIT, duration, bench.sizes.runs)]


def _measure_find(row, bench):
    cache = million.sized(bench)
    # Where the file system is certainly one on a disk.
    with tempfile.TemporaryDirectory(prefix="bench-", dir=bench.settings.repository / ".build") as folder:
        for number in range(bench.account.count):
            with open(f"{folder}/RE{number:032x}.wav", "wb"):
                pass

        def ours():
            drop_kernel_caches()
            with bench.mounted(cache) as mounted:
                return _found(bench, mounted.path / "recordings", bench.account.total_size)

        def local():
            drop_kernel_caches()
            return _found(bench, folder, 0)

        medians, runs = alternate(bench.sizes, runs=bench.sizes.long_runs, ours=ours, local=local)
    seconds, peer = medians["ours"], medians["local"]
    return [
        Outcome(
            row.name, row.figure, "as many empty files on the local disk", duration(seconds), duration(peer),
            seconds / peer, Bar(12, is_ceiling=True), runs,
            ["the kernel's caches were dropped before each run, and the mount is a new one; " + million.SIZES_NOTE])]


def _found(bench, folder, total):
    """The seconds that `find` takes to print all sizes of a folder, which have to be right."""
    target = bench.folder / "sizes"
    with open(target, "wb") as file:
        seconds = timed([program("find"), folder, "-printf", "%s\\n"], stdout=file)
    # The first is the folder's own.
    sizes = [int(line) for line in target.read_text().splitlines()[1:]]
    if (len(sizes), sum(sizes)) != (bench.account.count, total):
        raise BenchError(f"find printed {len(sizes)} sizes with a sum of {sum(sizes)}, and not {total}")
    return seconds
