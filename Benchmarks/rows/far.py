"""A server that is far away, with a limit for each connection."""

import random
import time
from contextlib import contextmanager

import fio
from figures import Bar, Contest, Figure, Row
from processes import read_whole, timed
from rows.library import ACCOUNT, composition, stream
from settings import KIB, program
from units import size_name

_READ = 64 * KIB
_FIRST = 4 * KIB


def rows(sizes):
    sequential = Figure(f"far: cold read of {size_name(sizes.distant)}", "B/s", peer="one `curl`", bar=Bar(6))
    first_byte = Figure(
        "far: first byte, attributes known", "s", peer="`curl -L -r`", bar=Bar(1.15, is_ceiling=True))
    reads = (
        Figure(
            f"far: {sizes.random_reads} random reads of {size_name(_READ)}", "s", peer="`curl -r`, connection kept",
            bar=Bar(1.1, is_ceiling=True)),
        Figure("… each of them", "s", key="each"),
        Figure("… media requests a read", "1", key="requests", limit=1, bar=Bar(1, is_ceiling=True)))
    return [
        Row("latency-sequential", (sequential,), ACCOUNT, [stream(sizes)], _sequential),
        Row("latency-first-byte", (first_byte,), ACCOUNT, [stream(sizes)], _first_byte),
        Row("latency-random", reads, ACCOUNT, [composition(sizes)], _random),
    ]


@contextmanager
def _sequential(row, bench):
    recording = bench.recording("stream.mp4")
    cache = bench.known(recording)
    with bench.account.far_away() as nginx:
        command = [program("curl"), "-s", "-f", "-o", "/dev/null", nginx + recording.media_path]

        def ours():
            with bench.mounted(cache) as mounted:
                return recording.size / read_whole(mounted.file(recording))

        yield Contest(ours, lambda: recording.size / timed(command))


@contextmanager
def _first_byte(row, bench):
    recording = bench.recording("stream.mp4")
    cache = bench.known(recording)
    with bench.account.far_away():
        # One process for both requests, on connections of its own; the API ignores the range.
        command = [
            program("curl"), "-s", "-f", "-L", "-u", bench.account.credentials, "-r", f"0-{_FIRST - 1}", "-o",
            "/dev/null", recording.media_resource]

        def ours():
            with bench.mounted(cache) as mounted:
                path = mounted.file(recording)
                # The requests that follow on mounting are over then.
                time.sleep(0.5)
                return timed(["dd", f"if={path}", "of=/dev/null", f"bs={_FIRST}", "count=1", "status=none"])

        yield Contest(ours, lambda: timed(command), runs=bench.sizes.first_bytes)


@contextmanager
def _random(row, bench):
    recording = bench.recording("large.mp4")
    cache = bench.known(recording)
    source = random.Random(17)
    offsets = [source.randrange(recording.size - _READ) for _ in range(bench.sizes.random_reads)]
    with bench.account.far_away() as nginx:
        url = nginx + recording.media_path
        configuration = bench.folder / "random.curl"
        configuration.write_text("\nnext\n".join(
            f'url = "{url}"\nrange = "{offset}-{offset + _READ - 1}"\noutput = "/dev/null"\nsilent\nfail'
            for offset in offsets))

        def ours():
            with bench.mounted(cache) as mounted:
                path = mounted.file(recording)
                mark = bench.account.nginx.mark()
                seconds, each = fio.read_at(path, offsets, _READ, bench.folder)
                traffic = bench.account.nginx.traffic_since(mark)
            return {"": seconds, "each": each, "requests": traffic.requests / len(offsets)}

        yield Contest(ours, lambda: timed([program("curl"), "-K", configuration]))
