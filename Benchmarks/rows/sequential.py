"""Reading a whole file for the first time, from a server that is near."""

from contextlib import contextmanager

from figures import Bar, Contest, Figure, Row
from processes import read_whole, timed_pipe
from rows.library import ACCOUNT, composition, voice
from settings import program
from units import size_name


def rows(sizes):
    size = size_name(sizes.large)
    cbc, gcm = f"cold read, {size} composition (CBC)", f"cold read, {size} voice recording (GCM), tag verified"
    tutorial = Figure(cbc, "B/s", peer="`curl | openssl enc -d`", bar=Bar(1, aim=1.2))
    rclone = Figure(cbc, "B/s", peer="`rclone mount`, undecrypted", bar=Bar(2, aim=2.5))
    other_cipher = Figure(gcm, "B/s", peer="twiliofs, CBC", bar=Bar(0.9))
    return [
        Row("cold-cbc", (tutorial,), ACCOUNT, [composition(sizes)], _against_tutorial),
        Row("cold-cbc-rclone", (rclone,), ACCOUNT, [composition(sizes)], _against_rclone),
        Row("cold-gcm", (other_cipher,), ACCOUNT, [composition(sizes), voice(sizes)], _against_cbc),
    ]


def _cold_reader(bench, name):
    """Gives what mounts anew, reads a recording from end to end, whose attributes are known, and gives the speed."""
    recording = bench.recording(name)
    cache = bench.known(recording)
    # What is right once is right each time; and it takes longer than the reading.
    unchecked = [recording]

    def read():
        with bench.mounted(cache) as mounted:
            path = mounted.file(recording)
            seconds = read_whole(path)
            while unchecked:
                bench.check(path, unchecked.pop())
            return recording.size / seconds

    return read


@contextmanager
def _against_tutorial(row, bench):
    recording = bench.recording("large.mp4")
    curl = [program("curl"), "-s", "-f", bench.account.nginx.near + recording.media_path]
    decrypt = recording.openssl_arguments()
    yield Contest(
        _cold_reader(bench, "large.mp4"), lambda: recording.size / timed_pipe(curl, decrypt), memory=2 * recording.size)


@contextmanager
def _against_rclone(row, bench):
    recording = bench.recording("large.mp4")

    def rclone():
        with bench.rclone() as mounted:
            path = mounted / recording.media_path.rsplit("/", 1)[1]
            path.stat()
            return recording.size / read_whole(path)

    yield Contest(_cold_reader(bench, "large.mp4"), rclone, memory=2 * recording.size)


@contextmanager
def _against_cbc(row, bench):
    yield Contest(
        _cold_reader(bench, "large.wav"), _cold_reader(bench, "large.mp4"), memory=2 * bench.sizes.large)
