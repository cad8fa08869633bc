#!/usr/bin/env python3
"""Measures twiliofs against what people would use otherwise: adds lines to results.jsonl, and renders results.md.

`make bench` runs `run.py speed`, `make bench-catalog` runs `run.py catalog`, and `make chaos` runs `run.py chaos`.

Environment: QUICK=1 for a short run, ROWS=name,… for some rows, SEED=n for the choice of faults, BENCH_FOLDER for the
folder that keeps the media, SOAK for the seconds of the row of that name, TWILIOFS and SIMULATOR for other programs
than those of the build for release.
"""

import json
import sys

import machine
import recording
import rendering
import units
from session import Session, begin, selected
from settings import Settings
from tables import TABLES


def _note_machine(folder, name, description):
    """Keeps the description of a machine among the others: the versions are those of its last run."""
    path = folder / "machines.json"
    machines = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    machines[name] = description
    path.write_text(json.dumps(machines, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def complaints(row, measurements):
    """What of a row isn't as it has to be, in sentences."""
    for one in measurements:
        figure = row.figure(one.figure)
        if not rendering.has_passed(figure, one):
            yield one.error or f"{figure.text}: {units.written(one.value, figure.unit)}"


def _tell_failures(failures, settings):
    """Says what has failed, and how it can be had again."""
    for name, found in failures.items():
        for complaint in found:
            print(f"FAILED: {name}: {complaint}", file=sys.stderr)
        quick = " QUICK=1" if settings.quick else ""
        print(f"    again with: make chaos ROWS={name} SEED={settings.seed}{quick}", file=sys.stderr)


def main():
    if len(sys.argv) != 2 or sys.argv[1] not in TABLES:
        sys.exit(f"bench: give the name of a table: {', '.join(TABLES)}")
    table = TABLES[sys.argv[1]]
    settings = Settings.from_environment()
    begin()
    rows = selected(table.all_rows(settings.sizes), settings.rows)
    # A quick run shows that everything works; it has no place among the figures.
    folder = settings.folder if settings.quick else settings.repository / "Benchmarks"
    folder.mkdir(parents=True, exist_ok=True)
    if settings.quick:
        for name in ("results.jsonl", "machines.json"):
            (folder / name).unlink(missing_ok=True)
    description = machine.describe(settings.folder)
    name = machine.identifier(description)
    _note_machine(folder, name, description)
    has_failed = False
    failures = {}
    for row, measurements in Session(table, settings, name, machine.commit(settings)).measure(rows):
        # At once: what was measured isn't lost when a later row hangs.
        recording.append(folder / "results.jsonl", measurements)
        has_failed |= any(one.error for one in measurements)
        if table.sheet.is_strict:
            failures |= {row.name: found for found in [list(complaints(row, measurements))] if found}
    text = rendering.document(TABLES.values(), settings.sizes, folder)
    (folder / "results.md").write_text(text, encoding="utf-8")
    print(rendering.section(
        table, settings.sizes, recording.read(folder / "results.jsonl"), {name: description}))
    print(f"Written to {folder / 'results.md'}.", file=sys.stderr)
    _tell_failures(failures, settings)
    sys.exit(has_failed or bool(failures))


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
