"""Readers that fio runs, with the percentiles that it tells."""

import json

from figures import Distribution
from processes import run
from settings import BenchError, program

_PERCENTILES = (50, 90, 99)
_COMMON = ["--ioengine=psync", "--rw=read", "--invalidate=0", "--output-format=json", "--eta=never", "--thread"]


def _report(arguments):
    """What fio tells of each of its jobs."""
    wanted = ":".join(map(str, _PERCENTILES))
    output = run([program("fio"), *_COMMON, f"--percentile_list={wanted}", *arguments])
    # Warnings come before.
    jobs = json.loads(output[output.index(b"{"):])["jobs"]
    if any(job["error"] for job in jobs):
        raise BenchError("fio: a reader failed")
    return jobs


def latency(job):
    """The seconds that the reads of a job took, each."""
    told = job["read"]["clat_ns"]
    percentiles = {number: told["percentile"][f"{number:.6f}"] / 1e9 for number in _PERCENTILES}
    return Distribution(percentiles[50], percentiles, told["N"])


def _seconds(job):
    return job["read"]["runtime"] / 1000


def read_at(path, offsets, size, folder):
    """Reads pieces of a file, one after the other; gives the seconds that all took, and each one's Distribution."""
    log = folder / "reads.fio"
    reads = "\n".join(f"{path} read {offset} {size}" for offset in offsets)
    log.write_text(f"fio version 2 iolog\n{path} add\n{path} open\n{reads}\n{path} close\n", encoding="utf-8")
    [job] = _report(["--name=random", f"--read_iolog={log}", "--replay_no_stall=1", f"--bs={size}"])
    if job["read"]["total_ios"] != len(offsets):
        raise BenchError(f"fio has made {job['read']['total_ios']} of {len(offsets)} reads")
    return _seconds(job), latency(job)


def read_whole(paths, block=1 << 20):
    """Reads files whole, all at the same time; gives the Distribution of the seconds that each took."""
    arguments = [f"--bs={block}"]
    for number, path in enumerate(paths):
        arguments += [f"--name=reader-{number}", f"--filename={path}", f"--size={path.stat().st_size}"]
    return Distribution.of([_seconds(job) for job in _report(arguments)], wanted=(1, 50, 90, 99, 100))
