"""Players on a film that is far away and has its index at its end."""

from contextlib import contextmanager

from figures import Bar, Contest, Figure, Row
from processes import timed
from rows.library import ACCOUNT, film
from settings import program

_PEER = "plaintext by http"


def rows(sizes):
    minutes = f"{sizes.film_seconds // 60}-minute mp4, index at its end"

    def figures(text):
        bar = Bar(1.2, is_ceiling=True)
        return (
            Figure(f"far: {text}, {minutes}", "s", peer=_PEER, bar=bar),
            Figure("… bytes sent by nginx", "B", key="sent", peer=_PEER, bar=bar))

    return [
        Row("latency-ffprobe", figures("ffprobe"), ACCOUNT, [film(sizes)], _probe),
        Row("latency-ffmpeg-ss", figures("ffmpeg -ss to the middle"), ACCOUNT, [film(sizes)], _seek),
    ]


def _probe(row, bench):
    return _play(bench, lambda source: [
        program("ffprobe"), "-v", "error", "-show_format", "-show_streams", source])


def _seek(row, bench):
    middle = str(bench.sizes.film_seconds / 2)
    return _play(bench, lambda source: [
        program("ffmpeg"), "-nostdin", "-v", "error", "-ss", middle, "-i", source, "-frames:v", "1", "-f", "null", "-"])


@contextmanager
def _play(bench, command):
    recording = bench.recording("film.mp4")
    cache = bench.known(recording)
    nginx = bench.account.nginx

    with bench.account.far_away() as far:
        def ours():
            mark = nginx.mark()
            with bench.mounted(cache) as mounted:
                seconds = timed(command(mounted.file(recording)))
            # After the mount's end: what it has asked for and doesn't want any more counts as well.
            return {"": seconds, "sent": nginx.traffic_since(mark).bytes}

        def http():
            mark = nginx.mark()
            seconds = timed(command(far + recording.plain_path))
            return {"": seconds, "sent": nginx.traffic_since(mark).bytes}

        yield Contest(ours, http)
