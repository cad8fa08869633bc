"""Reading a whole file for the first time, from a server that is near."""

from measuring import Bar, Outcome, Row, alternate, speed
from processes import read_whole, timed_pipe
from rows.library import ACCOUNT, composition, size_name, voice
from settings import program


def rows(sizes):
    size = size_name(sizes.large)
    return [
        Row("cold-cbc", f"cold read, {size} composition (CBC)", ACCOUNT, [composition(sizes)], _against_tutorial),
        Row("cold-cbc-rclone", f"cold read, {size} composition (CBC)", ACCOUNT, [composition(sizes)], _against_rclone),
        Row("cold-gcm", f"cold read, {size} voice recording (GCM), tag verified", ACCOUNT,
            [composition(sizes), voice(sizes)], _against_cbc),
    ]


def _cold_reader(bench, name):
    """Gives what mounts anew and reads a recording, whose attributes are known, from end to end."""
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
            return seconds

    return read


def _outcome(row, bench, ours, peer, runs, bar, peer_name):
    size = bench.sizes.large
    return [Outcome(row.name, row.figure, peer_name, speed(size, ours), speed(size, peer), peer / ours, bar, runs)]


def _against_tutorial(row, bench):
    recording = bench.recording("large.mp4")
    curl = [program("curl"), "-s", "-f", bench.account.nginx.near + recording.media_path]
    decrypt = recording.openssl_arguments()
    medians, runs = alternate(
            bench.sizes, memory=2 * bench.sizes.large, ours=_cold_reader(bench, "large.mp4"), tutorial=lambda: timed_pipe(curl, decrypt))
    return _outcome(
        row, bench, medians["ours"], medians["tutorial"], runs, Bar(1, aim=1.2), "`curl | openssl enc -d`")


def _against_rclone(row, bench):
    recording = bench.recording("large.mp4")

    def rclone():
        with bench.rclone() as mounted:
            path = mounted / recording.media_path.rsplit("/", 1)[1]
            path.stat()
            return read_whole(path)

    medians, runs = alternate(
            bench.sizes, memory=2 * bench.sizes.large, ours=_cold_reader(bench, "large.mp4"), rclone=rclone)
    return _outcome(
        row, bench, medians["ours"], medians["rclone"], runs, Bar(2, aim=2.5), "`rclone mount`, undecrypted")


def _against_cbc(row, bench):
    medians, runs = alternate(
            bench.sizes, memory=2 * bench.sizes.large, gcm=_cold_reader(bench, "large.wav"), cbc=_cold_reader(bench, "large.mp4"))
    return _outcome(row, bench, medians["gcm"], medians["cbc"], runs, Bar(0.9), "twiliofs, CBC")
