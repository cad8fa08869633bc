#!/usr/bin/env python3
"""Compares two programs of twiliofs, whose runs take turns: prints the ratio of each figure with its spread.

    Benchmarks/compare.py BEFORE AFTER

`make bench-compare BEFORE=path AFTER=path ROWS=name,…` runs it. Environment: ROWS for some rows of all tables, RUNS for
the number of runs, QUICK=1 for small sizes, LIMIT=5 to fail where a median is worse by more than 5 %, SIMULATOR for
another twilio-simulator than the one that was built.
"""

import dataclasses
import os
import sys
from pathlib import Path

import summary
import units
from session import Session, begin, selected
from settings import Settings
from tables import TABLES

_NAMES = ("before", "after")


def gains(figure, measurements):
    """The ratio of each pair of runs: above 1 where the program after is better."""
    before, after = (summary.by_run(measurements, name) for name in _NAMES)
    pairs = [(before[run], value) for run, value in after.items() if run in before]
    if figure.is_speed:
        pairs = [(after, before) for before, after in pairs]
    return [before / after if after else float("inf") if before else 1.0 for before, after in pairs]


def _judgement(gain):
    """What a ratio says: nothing, where some runs are on the other side of 1."""
    percent = 100 * abs(gain.median - 1)
    if gain.least > 1:
        return f"{percent:.1f} % better"
    return f"{percent:.1f} % worse" if gain.most < 1 else "no difference"


def line(row, figure, measurements):
    """A line for people; None where there is nothing to compare. And the gain, a Spread."""
    own = [one for one in measurements if one.figure == figure.key and one.value is not None]
    found = gains(figure, own)
    if not found:
        return None, None
    gain = summary.Spread.of(found)
    amounts = [
        summary.Spread.of(list(summary.by_run(own, name).values())).written(
            lambda value: units.written(value, figure.unit))
        for name in _NAMES]
    tails = []
    for number in summary.percentiles(own, "before"):
        values = [summary.percentiles(own, name).get(number) for name in _NAMES]
        if number != "50" and all(values):
            tails.append(f"p{number} {' → '.join(units.written(value, figure.unit) for value in values)}")
    text = (
        f"{row.name:<20} {gain.written(lambda value: f'{value:.3f}'):<22} {_judgement(gain):<15} "
        f"{amounts[0]} → {amounts[1]}; {figure.text}")
    return "; ".join([text, *tails]), gain


def _settings():
    settings = Settings.from_environment()
    runs = os.environ.get("RUNS", "")
    if runs:
        number = int(runs)
        sizes = dataclasses.replace(settings.sizes, runs=number, long_runs=number, first_bytes=number)
        settings = dataclasses.replace(settings, sizes=sizes)
    return settings


def _table_rows(settings):
    """Pairs of a table and its rows that are wanted."""
    every = {name: table.all_rows(settings.sizes) for name, table in TABLES.items()}
    wanted = {row.name for row in selected([row for rows in every.values() for row in rows], settings.rows)}
    for name, rows in every.items():
        chosen = [row for row in rows if row.name in wanted]
        if chosen:
            yield TABLES[name], chosen


def main(before, after):
    programs = {name: Path(path).expanduser().resolve() for name, path in zip(_NAMES, (before, after))}
    for path in programs.values():
        if not os.access(path, os.X_OK):
            sys.exit(f"bench: {path} is no program")
    begin()
    settings = _settings()
    limit = float(os.environ.get("LIMIT") or "inf") / 100
    has_failed = False
    print("Above 1, the program after is better; the least and the most of the pairs of runs are in parentheses.")
    for table, rows in _table_rows(settings):
        for row, measurements in Session(table, settings, programs=programs).measure(rows):
            has_failed |= any(one.error for one in measurements)
            for figure in row.figures:
                text, gain = line(row, figure, measurements)
                if text:
                    print(text, flush=True)
                    has_failed |= gain.median < 1 - limit
    sys.exit(has_failed)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    try:
        main(*sys.argv[1:])
    except KeyboardInterrupt:
        sys.exit(130)
