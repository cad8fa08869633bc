"""Calls that move no bytes."""

from measuring import Outcome, Row, alternate, duration
from processes import run
from rows.library import ACCOUNT, film
from settings import BenchError, program


def rows(sizes):
    return [Row("attributes", "of a file that was read", ACCOUNT, [film(sizes)], _measure)]


def _compiler():
    for name in ("cc", "gcc", "clang"):
        try:
            return program(name)
        except BenchError:
            continue
    raise BenchError("there is no C compiler: install gcc")


def _measure(row, bench):
    calls = bench.folder / "attributes"
    run([_compiler(), "-O2", "-o", calls, bench.settings.repository / "Benchmarks/rows/attributes.c"])
    recording = bench.recording("film.mp4")
    lines = []
    with bench.mounted(bench.known(recording)) as mounted:
        path = mounted.file(recording)
        bench.check(path, recording)
        for call in ("stat", "open"):
            def seconds(file, call=call):
                return float(run([calls, call, file, bench.sizes.attribute_calls]))

            medians, runs = alternate(
                bench.sizes, ours=lambda: seconds(path), local=lambda: seconds(recording.original))
            ours, peer = medians["ours"], medians["local"]
            name = "open and close" if call == "open" else call
            lines.append(Outcome(
                row.name, f"`{name}` {row.figure}", "local disk", duration(ours), duration(peer), ours / peer, None,
                runs))
    return lines
