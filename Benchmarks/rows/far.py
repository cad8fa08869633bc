"""A server that is far away, with a limit for each connection."""

import os
import random
import time

from measuring import Bar, Outcome, Row, alternate, duration, speed
from processes import read_whole, timed
from rows.library import ACCOUNT, composition, size_name, stream
from settings import KIB, program

_READ = 64 * KIB
_FIRST = 4 * KIB


def rows(sizes):
    return [
        Row("latency-sequential", f"far: cold read of {size_name(sizes.distant)}", ACCOUNT, [stream(sizes)],
            _sequential),
        Row("latency-first-byte", "far: first byte, attributes known", ACCOUNT, [stream(sizes)], _first_byte),
        Row("latency-random", f"far: {sizes.random_reads} random reads of {size_name(_READ)}", ACCOUNT,
            [composition(sizes)], _random),
    ]


def _sequential(row, bench):
    recording = bench.recording("stream.mp4")
    cache = bench.known(recording)
    with bench.account.far_away() as nginx:
        command = [program("curl"), "-s", "-f", "-o", "/dev/null", nginx + recording.media_path]

        def ours():
            with bench.mounted(cache) as mounted:
                return read_whole(mounted.file(recording))

        medians, runs = alternate(bench.sizes, ours=ours, curl=lambda: timed(command))
    ours, peer, size = medians["ours"], medians["curl"], recording.size
    return [
        Outcome(row.name, row.figure, "one `curl`", speed(size, ours), speed(size, peer), peer / ours, Bar(6), runs)]


def _first_byte(row, bench):
    recording = bench.recording("stream.mp4")
    cache = bench.known(recording)
    with bench.account.far_away():
        # One process for both requests, on connections of its own; the API doesn't mind the range.
        command = [
            program("curl"), "-s", "-f", "-L", "-u", bench.account.credentials, "-r", f"0-{_FIRST - 1}", "-o",
            "/dev/null", recording.media_resource]

        def ours():
            with bench.mounted(cache) as mounted:
                path = mounted.file(recording)
                # The look at the account that follows on mounting is over then.
                time.sleep(0.5)
                return timed(["dd", f"if={path}", "of=/dev/null", f"bs={_FIRST}", "count=1", "status=none"])

        medians, runs = alternate(bench.sizes, bench.sizes.first_bytes, ours=ours, curl=lambda: timed(command))
    ours, peer = medians["ours"], medians["curl"]
    return [
        Outcome(row.name, row.figure, "`curl -L -r`", duration(ours), duration(peer), ours / peer,
                Bar(1.15, is_ceiling=True), runs)]


def _random(row, bench):
    recording = bench.recording("large.mp4")
    cache = bench.known(recording)
    source = random.Random(17)
    offsets = [source.randrange(recording.size - _READ) for _ in range(bench.sizes.random_reads)]
    requests = []
    with bench.account.far_away() as nginx:
        url = nginx + recording.media_path
        configuration = bench.folder / "random.curl"
        configuration.write_text("\nnext\n".join(
            f'url = "{url}"\nrange = "{offset}-{offset + _READ - 1}"\noutput = "/dev/null"\nsilent\nfail'
            for offset in offsets))

        def ours():
            with bench.mounted(cache) as mounted:
                descriptor = os.open(mounted.file(recording), os.O_RDONLY)
                try:
                    mark = bench.account.nginx.mark()
                    start = time.perf_counter()
                    for offset in offsets:
                        os.pread(descriptor, _READ, offset)
                    seconds = time.perf_counter() - start
                    traffic = bench.account.nginx.traffic_since(mark)
                finally:
                    os.close(descriptor)
            requests.append(traffic.requests / len(offsets))
            return seconds

        medians, runs = alternate(
            bench.sizes, ours=ours, curl=lambda: timed([program("curl"), "-K", configuration]))
    ours, peer = medians["ours"], medians["curl"]
    most = max(requests)
    return [
        Outcome(row.name, row.figure, "`curl -r`, connection kept", duration(ours), duration(peer), ours / peer,
                Bar(1.1, is_ceiling=True), runs),
        Outcome(row.name, "… media requests a read", "1", f"{most:.2f}", "1", most, Bar(1, is_ceiling=True), runs),
    ]
