#!/usr/bin/env python3
"""Measures twiliofs against what people would use otherwise, and prints one table.

`make bench` runs `run.py speed`, and `make bench-catalog` runs `run.py catalog`.

Environment: QUICK=1 for a short run, ROWS=name,… for some rows, BENCH_FOLDER for the folder that keeps the media.
"""

import os
import shutil
import signal
import sys
import tempfile
from pathlib import Path

import machine
import report
from bench import Bench
from measuring import Outcome, Unavailable
from results import Results
from settings import BenchError, Settings
from tables import TABLES


def _end(number, _frame):
    # As an exception, so that all `with` blocks unmount and end what they have started.
    sys.exit(128 + number)


def _selected(rows, settings):
    unknown = set(settings.rows) - {row.name for row in rows}
    if unknown:
        names = ", ".join(row.name for row in rows)
        sys.exit(f"bench: there is no row {', '.join(sorted(unknown))}; there are: {names}")
    return [row for row in rows if not settings.rows or row.name in settings.rows]


def _measured(row, settings, account, folder):
    bench = Bench(settings, account, folder / f"row-{row.name}")
    bench.folder.mkdir()
    try:
        return row.measure(row, bench)
    except (BenchError, OSError) as error:
        return [Unavailable(row.name, row.figure, str(error).replace("\n", " "))]
    finally:
        bench.remove(bench.folder)


def _measure_all(table, selected, settings, folder):
    found = {}
    # The order of the table, but all rows of an account while it is there.
    for key in dict.fromkeys(row.account for row in selected):
        rows = [row for row in selected if row.account == key]
        account_folder = folder / str(key)
        account_folder.mkdir()
        print(f"Making the account '{key}'…", file=sys.stderr, flush=True)
        try:
            with table.open_account(settings, account_folder, rows) as account:
                for row in rows:
                    print(f"{row.name}…", end=" ", file=sys.stderr, flush=True)
                    found[row.name] = _measured(row, settings, account, folder)
                    told = (f"{line.ratio:.2f} {line.verdict}" if isinstance(line, Outcome) else line.reason
                            for line in found[row.name])
                    print("; ".join(told), file=sys.stderr, flush=True)
        except BenchError as error:
            print(error, file=sys.stderr)
            for row in rows:
                found.setdefault(row.name, [Unavailable(row.name, row.figure, str(error))])
        finally:
            shutil.rmtree(account_folder, ignore_errors=True)
    return [line for row in selected for line in found[row.name]]


def _write(section, table, settings):
    """Puts what was measured among the results, and says where."""
    # A quick run shows that everything works; it has no place among the figures.
    target = (settings.folder if settings.quick else settings.repository / "Benchmarks") / "results.md"
    results = Results(target)
    earlier = results.section(table.name) if settings.rows else None
    if earlier:
        if earlier.machine != section.machine or earlier.headings != section.headings:
            print(
                "Not written to a file: the other rows were measured on another machine, or with other programs.",
                file=sys.stderr)
            return
        section = section.completed(earlier, [row.name for row in table.all_rows(settings.sizes)])
    results.write(section, list(TABLES))
    print(f"Written to {target}.", file=sys.stderr)


def main():
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end)
    if len(sys.argv) != 2 or sys.argv[1] not in TABLES:
        sys.exit(f"bench: give the name of a table: {', '.join(TABLES)}")
    table = TABLES[sys.argv[1]]
    settings = Settings.from_environment()
    selected = _selected(table.all_rows(settings.sizes), settings)
    if not Path("/dev/fuse").exists():
        sys.exit("bench: there is no /dev/fuse: load the module with 'modprobe fuse', or give the container the device")
    settings.folder.mkdir(parents=True, exist_ok=True)
    os.umask(0o077)
    # In the kept folder, so that media can be linked instead of copied.
    with tempfile.TemporaryDirectory(prefix="run-", dir=settings.folder) as folder:
        lines = _measure_all(table, selected, settings, Path(folder))
    section = report.section(table, lines, machine.describe(), machine.commit(settings), settings.quick)
    print(section.text())
    _write(section, table, settings)
    if any(isinstance(line, Unavailable) and line.is_failure for line in lines):
        sys.exit(1)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
