"""Many readers at once: what the process that serves them takes of memory."""

import subprocess
import time

from media import Noise, Original
from measuring import Bar, Outcome, Row, alternate, duration
from processes import ENVIRONMENT
from rows.library import size_name
from settings import MIB, BenchError

# The default of --memory, and what the program may have besides.
_POOL = 256 * MIB
_BESIDES = 96 * MIB


def rows(sizes):
    originals = [
        Original("compositions", f"reader-{number:02}.mp4", Noise(sizes.reader_size))
        for number in range(sizes.readers)]
    return [
        Row("memory", f"{sizes.readers} readers at once, {size_name(sizes.reader_size)} each: peak resident size",
            "crowd", originals, _measure)]


def _measure(row, bench):
    recordings = list(bench.account.recordings.values())
    cache = bench.known(*recordings)
    first, last = [], []

    def ours():
        with bench.mounted(cache) as mounted:
            paths = [mounted.file(recording) for recording in recordings]
            start = time.perf_counter()
            readers = [
                subprocess.Popen(["dd", f"if={path}", "of=/dev/null", "bs=1M", "status=none"], env=ENVIRONMENT)
                for path in paths]
            ends = []
            try:
                while len(ends) < len(readers):
                    ends += [time.perf_counter() - start] * (
                        sum(reader.poll() is not None for reader in readers) - len(ends))
                    time.sleep(0.01)
            finally:
                for reader in readers:
                    reader.kill()
                    reader.wait()
            if any(reader.returncode != 0 for reader in readers):
                raise BenchError("a reader failed")
            first.append(ends[0])
            last.append(ends[-1])
            return mounted.peak_memory()

    medians, runs = alternate(bench.sizes, ours=ours)
    limit = _POOL + _BESIDES
    notes = [f"the first reader was done after {duration(min(first))}, the last after {duration(max(last))}."]
    if not bench.has_option("memory"):
        notes.append("there is no --memory yet; the pool is taken for 256 MiB.")
    return [
        Outcome(row.name, row.figure, "pool + 96 MiB", size_name(medians["ours"]), size_name(limit),
                medians["ours"] / limit, Bar(1, is_ceiling=True), runs, notes)]
