"""Going over all files of a very large directory."""

import tempfile
from contextlib import contextmanager

from catalog import million
from figures import Bar, Contest, Figure, Row, WITHIN_LIMIT
from page_cache import drop_kernel_caches
from processes import timed
from settings import BenchError, program


def rows(sizes):
    account = million.account(sizes)
    lists = (
        Figure("`ls -f recordings | wc -l` after a mount", "s", limit=4, bar=WITHIN_LIMIT),
        Figure("… the second time", "s", key="second", limit=2, bar=WITHIN_LIMIT))
    find = Figure(
        "`find recordings -printf '%s\\n'`, sizes known", "s", peer="as many empty files on the local disk",
        bar=Bar(12, is_ceiling=True))
    note = f"the kernel's caches are dropped before each run, and the mount is a new one; {million.SIZES_NOTE}"
    return [
        Row("list", lists, account, [], _list),
        Row("find", (find,), account, [], _find, (note,)),
    ]


@contextmanager
def _list(row, bench):
    cache = million.synced(bench)

    def seconds(mounted):
        target = bench.folder / "names"
        with open(target, "wb") as file:
            spent = timed(["sh", "-c", 'ls -f "$1" | wc -l', "sh", mounted.path / "recordings"], stdout=file)
        # The directory itself and the one above are listed too.
        count = int(target.read_text()) - 2
        if count != bench.account.count:
            raise BenchError(f"a listing has {count} of {bench.account.count} recordings")
        return spent

    def ours():
        with bench.mounted(cache) as mounted:
            return {"": seconds(mounted), "second": seconds(mounted)}

    yield Contest(ours)


@contextmanager
def _find(row, bench):
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

        yield Contest(ours, local, runs=bench.sizes.long_runs)


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
