"""Players on a film that is far away and has its index at its end."""

import statistics

from measuring import Bar, Outcome, Row, alternate, duration
from processes import timed
from rows.library import ACCOUNT, film
from settings import program


def rows(sizes):
    minutes = f"{sizes.film_seconds // 60}-minute mp4, index at its end"
    return [
        Row("latency-ffprobe", f"far: ffprobe, {minutes}", ACCOUNT, [film(sizes)], _probe),
        Row("latency-ffmpeg-ss", f"far: ffmpeg -ss to the middle, {minutes}", ACCOUNT, [film(sizes)], _seek),
    ]


def _probe(row, bench):
    return _compare(row, bench, lambda source: [
        program("ffprobe"), "-v", "error", "-show_format", "-show_streams", source])


def _seek(row, bench):
    middle = str(bench.sizes.film_seconds / 2)
    return _compare(row, bench, lambda source: [
        program("ffmpeg"), "-nostdin", "-v", "error", "-ss", middle, "-i", source, "-frames:v", "1", "-f", "null", "-"])


def _compare(row, bench, command):
    recording = bench.recording("film.mp4")
    cache = bench.known(recording)
    nginx = bench.account.nginx
    fetched = {"ours": [], "http": []}

    with bench.account.far_away() as far:
        def ours():
            mark = nginx.mark()
            with bench.mounted(cache) as mounted:
                seconds = timed(command(mounted.file(recording)))
            # After the mount's end: what it has asked for and doesn't want any more counts as well.
            fetched["ours"].append(nginx.traffic_since(mark).bytes)
            return seconds

        def http():
            mark = nginx.mark()
            seconds = timed(command(far + recording.plain_path))
            fetched["http"].append(nginx.traffic_since(mark).bytes)
            return seconds

        medians, runs = alternate(bench.sizes, ours=ours, http=http)
    sent = {name: statistics.median(counts) for name, counts in fetched.items()}
    bar = Bar(1.2, is_ceiling=True)
    return [
        Outcome(row.name, row.figure, "plaintext by http", duration(medians["ours"]), duration(medians["http"]),
                medians["ours"] / medians["http"], bar, runs,
                [f"the file has {recording.size / 1e6:.0f} MB."]),
        Outcome(row.name, "… bytes sent by nginx", "plaintext by http", f"{sent['ours'] / 1e6:.2f} MB",
                f"{sent['http'] / 1e6:.2f} MB", sent["ours"] / sent["http"], bar, runs),
    ]
