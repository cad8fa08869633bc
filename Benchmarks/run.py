#!/usr/bin/env python3
"""Measures twiliofs against what people would use otherwise, and prints one table. `make bench` runs this.

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
from account import Account
from bench import Bench
from measuring import Outcome, Unavailable
from rows import all_rows
from settings import BenchError, Settings


def _end(number, _frame):
    # As an exception, so that all `with` blocks unmount and end what they have started.
    sys.exit(128 + number)


def _selected(settings):
    rows = all_rows(settings.sizes)
    unknown = set(settings.rows) - {row.name for row in rows}
    if unknown:
        names = ", ".join(row.name for row in rows)
        sys.exit(f"bench: there is no row {', '.join(sorted(unknown))}; there are: {names}")
    return [row for row in rows if not settings.rows or row.name in settings.rows]


def _measured(row, settings, account, folder):
    bench = Bench(settings, account, folder / row.name)
    bench.folder.mkdir()
    try:
        return row.measure(row, bench)
    except (BenchError, OSError) as error:
        return [Unavailable(row.name, row.figure, str(error).replace("\n", " "))]
    finally:
        bench.remove(bench.folder)


def _measure_all(settings, folder):
    selected = _selected(settings)
    found = {}
    # The order of the table, but all rows of an account while it is there.
    for name in dict.fromkeys(row.account for row in selected):
        rows = [row for row in selected if row.account == name]
        account_folder = folder / name
        account_folder.mkdir()
        print(f"Making the account '{name}'…", file=sys.stderr, flush=True)
        originals = list({(one.kind, one.name): one for row in rows for one in row.originals}.values())
        try:
            with Account(settings, account_folder, originals) as account:
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


def main():
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _end)
    settings = Settings.from_environment()
    if not Path("/dev/fuse").exists():
        sys.exit("bench: there is no /dev/fuse: load the module with 'modprobe fuse', or give the container the device")
    settings.folder.mkdir(parents=True, exist_ok=True)
    os.umask(0o077)
    # In the kept folder, so that media can be linked instead of copied.
    with tempfile.TemporaryDirectory(prefix="run-", dir=settings.folder) as folder:
        lines = _measure_all(settings, Path(folder))
    document = report.document(lines, machine.describe(settings), settings)
    print(document)
    if settings.rows:
        print("Not written to a file, since not all rows were measured.", file=sys.stderr)
    else:
        # A quick run shows that everything works; it has no place among the figures.
        target = (settings.folder if settings.quick else settings.repository / "Benchmarks") / "results.md"
        target.write_text(document, encoding="utf-8")
        print(f"Written to {target}.", file=sys.stderr)
    if any(isinstance(line, Unavailable) and line.is_failure for line in lines):
        sys.exit(1)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
