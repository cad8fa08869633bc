#!/usr/bin/env python3
"""Measures twiliofs against what people would use otherwise: adds lines to results.jsonl, and renders results.md.

`make bench` runs `run.py speed`, and `make bench-catalog` runs `run.py catalog`.

Environment: QUICK=1 for a short run, ROWS=name,… for some rows, BENCH_FOLDER for the folder that keeps the media.
"""

import json
import sys

import machine
import recording
import rendering
from session import Session, begin, selected
from settings import Settings
from tables import TABLES


def _note_machine(folder, name, description):
    """Keeps the description of a machine among the others: the versions are those of its last run."""
    path = folder / "machines.json"
    machines = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}
    machines[name] = description
    path.write_text(json.dumps(machines, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


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
    for _, measurements in Session(table, settings, name, machine.commit(settings)).measure(rows):
        # At once: what was measured isn't lost when a later row hangs.
        recording.append(folder / "results.jsonl", measurements)
        has_failed |= any(one.error for one in measurements)
    text = rendering.document(TABLES.values(), settings.sizes, folder)
    (folder / "results.md").write_text(text, encoding="utf-8")
    print(rendering.section(
        table, settings.sizes, recording.read(folder / "results.jsonl"), {name: description}))
    print(f"Written to {folder / 'results.md'}.", file=sys.stderr)
    sys.exit(has_failed)


if __name__ == "__main__":
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
