"""Reading what has been read before: from the kernel's memory, and from the disk cache."""

from contextlib import contextmanager

from figures import Bar, Contest, Figure, Row
from processes import read_whole, timed
from rows.library import ACCOUNT, composition
from settings import BenchError, program
from units import size_name

_FILLING_RUNS = 8
_LIMIT = {"disk_cache": "10G"}


def rows(sizes):
    size = size_name(sizes.large)
    second = Figure(f"second read of {size}", "B/s", peer="local file in the page cache", bar=Bar(0.9))
    cached = Figure(
        f"after a remount, {size} from the disk cache", "B/s", peer="`openssl enc -d`, local ciphertext",
        bar=Bar(0.6, aim=0.8))
    fetched = Figure("… bytes sent by nginx", "B", key="fetched")
    return [
        Row("second-read", (second,), ACCOUNT, [composition(sizes)], _second_read),
        Row("disk-cache", (cached, fetched), ACCOUNT, [composition(sizes)], _disk_cache),
    ]


@contextmanager
def _second_read(row, bench):
    recording = bench.recording("large.mp4")
    with bench.mounted(bench.known(recording)) as mounted:
        path = mounted.file(recording)
        for file in (path, recording.original):
            read_whole(file)
        yield Contest(
            lambda: recording.size / read_whole(path), lambda: recording.size / read_whole(recording.original),
            memory=2 * recording.size)


def _filled(bench, recording):
    """A cache folder with all of a recording: what comes faster than the disk takes it isn't stored at first."""
    cache = bench.new_folder("cache")
    for _ in range(_FILLING_RUNS):
        mark = bench.account.nginx.mark()
        with bench.mounted(cache, **_LIMIT) as mounted:
            read_whole(mounted.file(recording))
        if bench.account.nginx.traffic_since(mark).bytes < recording.size // 1000:
            break
    return cache


@contextmanager
def _disk_cache(row, bench):
    if not bench.has_option("cache-size"):
        raise BenchError("there is no --cache-size")
    recording = bench.recording("large.mp4")
    cache = _filled(bench, recording)
    decrypt = [*recording.openssl_arguments(), "-in", recording.ciphertext, "-out", "/dev/null"]
    unchecked = [recording]

    def ours():
        mark = bench.account.nginx.mark()
        with bench.mounted(cache, **_LIMIT) as mounted:
            path = mounted.file(recording)
            seconds = read_whole(path)
            while unchecked:
                bench.check(path, unchecked.pop())
        return {"": recording.size / seconds, "fetched": bench.account.nginx.traffic_since(mark).bytes}

    yield Contest(
        ours, lambda: recording.size / timed([program("env"), *decrypt]), memory=2 * recording.size)
