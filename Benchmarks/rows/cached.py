"""Reading what has been read before: from the kernel's memory, and from the disk cache."""

from measuring import Bar, Outcome, Row, Unavailable, alternate, speed
from processes import read_whole, timed
from rows.library import ACCOUNT, composition, size_name
from settings import program


_FILLING_RUNS = 8


def rows(sizes):
    size = size_name(sizes.large)
    return [
        Row("second-read", f"second read of {size}", ACCOUNT, [composition(sizes)], _second_read),
        Row("disk-cache", f"after a remount, {size} from the disk cache", ACCOUNT, [composition(sizes)], _disk_cache),
    ]


def _outcome(row, bench, medians, runs, bar, peer_name):
    size, ours, peer = bench.sizes.large, medians["ours"], medians["peer"]
    return [Outcome(row.name, row.figure, peer_name, speed(size, ours), speed(size, peer), peer / ours, bar, runs)]


def _second_read(row, bench):
    recording = bench.recording("large.mp4")
    with bench.mounted(bench.known(recording)) as mounted:
        path = mounted.file(recording)
        for file in (path, recording.original):
            read_whole(file)
        medians, runs = alternate(
            bench.sizes, memory=2 * bench.sizes.large, ours=lambda: read_whole(path), peer=lambda: read_whole(recording.original))
    return _outcome(row, bench, medians, runs, Bar(0.9), "local file in the page cache")


def _disk_cache(row, bench):
    if not bench.has_option("cache-size"):
        return [Unavailable(row.name, row.figure, "there is no --cache-size yet", is_failure=False)]
    recording = bench.recording("large.mp4")
    cache = bench.new_folder("cache")
    limit = {"disk_cache": "10G"}
    # What comes faster than the disk takes it isn't stored: the cache is filled by reading until nothing is missing.
    for _ in range(_FILLING_RUNS):
        mark = bench.account.nginx.mark()
        with bench.mounted(cache, **limit) as mounted:
            read_whole(mounted.file(recording))
        if bench.account.nginx.traffic_since(mark).bytes < recording.size // 1000:
            break
    decrypt = [*recording.openssl_arguments(), "-in", recording.ciphertext, "-out", "/dev/null"]
    fetched = []

    def ours():
        mark = bench.account.nginx.mark()
        with bench.mounted(cache, **limit) as mounted:
            path = mounted.file(recording)
            seconds = read_whole(path)
            if not fetched:
                bench.check(path, recording)
        fetched.append(bench.account.nginx.traffic_since(mark).bytes)
        return seconds

    medians, runs = alternate(
            bench.sizes, memory=2 * bench.sizes.large, ours=ours, peer=lambda: timed([program("env"), *decrypt]))
    lines = _outcome(row, bench, medians, runs, Bar(0.6, aim=0.8), "`openssl enc -d`, local ciphertext")
    lines[0].notes.append(f"at most {max(fetched):,} bytes came from nginx in a run.")
    return lines
