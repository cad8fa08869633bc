"""A backup of many small recordings that are far away."""

import subprocess
from contextlib import contextmanager
from pathlib import Path

from figures import Bar, Contest, Figure, Row
from media import Noise, Original
from processes import timed
from settings import KIB, BenchError, program
from units import size_name

_SIZE = 100 * KIB
_TUTORIAL = Path(__file__).with_name("tutorial.sh")


def rows(sizes):
    # Tracks of video rooms: for these the tutorial has commands. They all have one content, under keys of their own.
    originals = [
        Original("video-recordings", f"track-{number:05}.mka", Noise(_SIZE)) for number in range(sizes.backup_files)]
    figure = Figure(
        f"far: rsync -a of {sizes.backup_files:,} recordings of {size_name(_SIZE)}", "s",
        peer="the tutorial's commands in a loop", bar=Bar(10))
    note = (
        f"the loop is measured with {sizes.tutorial_files} recordings and its time multiplied by "
        f"{sizes.backup_files / sizes.tutorial_files:g}; it knows the SIDs, while the mount has to list them.")
    return [Row("latency-rsync", (figure,), "backup", originals, _measure, (note,))]


@contextmanager
def _measure(row, bench):
    account = bench.account
    recordings = list(account.recordings.values())
    looped = recordings[:bench.sizes.tutorial_files]

    def ours():
        # As it is when a backup is made for the first time: nothing is known of the account.
        target = bench.new_folder("copy")
        with bench.mounted(bench.new_folder("cache")) as mounted:
            seconds = timed([program("rsync"), "-a", f"{mounted.path}/video-recordings/", target])
        _compare(target, recordings)
        _discard(bench, target)
        return seconds

    def tutorial():
        target = bench.new_folder("tutorial")
        seconds = timed(
            [program("sh"), _TUTORIAL, account.credentials, account.private_key, target,
             *(recording.media_resource for recording in looped)])
        _compare(target, looped)
        bench.remove(target)
        return seconds * len(recordings) / len(looped)

    with account.far_away():
        yield Contest(ours, tutorial)


def _compare(folder, recordings):
    """Fails unless a folder has all recordings."""
    content = recordings[0].original.read_bytes()
    for recording in recordings:
        copy = folder / recording.place.rsplit("/", 1)[1]
        if not copy.exists() or copy.read_bytes() != content:
            raise BenchError(f"{copy.name} was not copied as it is")


def _discard(bench, folder):
    # A copy is as read-only as what it was made from.
    subprocess.run(["chmod", "-R", "u+w", str(folder)], check=True)
    bench.remove(folder)
