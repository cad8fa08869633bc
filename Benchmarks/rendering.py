"""The tables of results.md, from measurements."""

import json
from dataclasses import dataclass

import recording
import summary
import units
from measuring import OURS

TITLE = "# Benchmarks\n\nMade from results.jsonl by `Benchmarks/render.py`. CONTRIBUTING.md says how.\n"


@dataclass(frozen=True)
class Sheet:
    """The columns of a table."""

    headings: tuple
    cells: object  # takes a row, a figure and its measurements, gives the text of each column
    is_strict: bool = False  # whether a bar that is missed makes the command fail


def _markdown(headings, lines):
    """A Markdown table whose columns are even in a terminal too."""
    rows = [headings] + [[cell.replace("|", "\\|") for cell in line] for line in lines]
    widths = [max(len(row[column]) for row in rows) for column in range(len(headings))]
    text = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |" for row in rows]
    text.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(text)


def _amount(figure, measurements, variant):
    """A contestant's median with its spread, and percentiles where there are some."""
    values = list(summary.by_run(measurements, variant).values())
    if not values:
        return "–"
    text = summary.Spread.of(values).written(lambda value: units.written(value, figure.unit))
    told = summary.percentiles(measurements, variant)
    parts = [f"p{number} {units.written(value, figure.unit)}" for number, value in told.items() if number != "50"]
    return ", ".join([text, *parts])


def _figure_cells(row, figure, measurements):
    measured = f"{measurements[0].time[:10]}, {measurements[0].commit}"
    failure = next((one.error for one in measurements if one.error), None)
    if failure:
        return [row.name, figure.text, "–", "–", "FAILED", "–", "–", failure, "0", measured]
    ours = summary.by_run(measurements, OURS)
    others = summary.by_run(measurements, figure.peer)
    peer, against = _amount(figure, measurements, figure.peer), figure.peer or "–"
    if figure.limit is not None:
        others = dict.fromkeys(ours, figure.limit)
        peer, against = units.written(figure.limit, figure.unit), "the limit"
    ratios = summary.ratios(figure, ours, others)
    ratio = summary.Spread.of(ratios) if ratios else None
    runs = max([len(ours)] + [one.count for one in measurements if one.count and not one.percentiles])
    return [
        row.name, figure.text, ratio.written(lambda value: f"{value:.2f}") if ratio else "–", str(figure.bar or "–"),
        figure.verdict(ratio.median) if ratio else "reported", _amount(figure, measurements, OURS), peer, against,
        str(runs), measured]


def _command(row, measurement):
    return f"`make chaos ROWS={row.name} SEED={measurement.seed}`"


def has_passed(figure, measurement):
    """Whether an amount is within its figure's limit, or has none."""
    if measurement.error or figure.limit is None:
        return not measurement.error
    return figure.verdict(figure.ratio(measurement.value, figure.limit)) == "met"


def _bar_text(figure):
    if figure.limit is None:
        return "–"
    return f"{'≤ ' if figure.limit else ''}{units.written(figure.limit, figure.unit)}"


def _fault_cells(row, figure, measurements):
    last = measurements[-1]
    verdict = "FAILED" if not has_passed(figure, last) else "reported" if figure.limit is None else "passed"
    found = last.error or units.written(last.value, figure.unit)
    measured = f"{last.time[:10]}, {last.commit}"
    return [row.name, figure.text, found, _bar_text(figure), verdict, str(last.seed), _command(row, last), measured]


COMPARISON = Sheet(
    ("row", "figure", "ratio", "bar", "verdict", "twiliofs", "peer", "against", "runs", "measured"), _figure_cells)
FAULTS = Sheet(
    ("row", "figure", "found", "bar", "verdict", "seed", "again with", "measured"), _fault_cells, is_strict=True)


def latest(measurements, row):
    """Those of the last session that has measured a row."""
    own = [one for one in measurements if one.row == row.name]
    return [one for one in own if one.session == own[-1].session]


def _lines(table, rows, measurements):
    for row in rows:
        found = latest(measurements, row)
        for figure in row.figures:
            own = [one for one in found if one.figure == figure.key]
            if own:
                yield table.sheet.cells(row, figure, own)


def section(table, sizes, measurements, machines):
    """The section of a table: its rows as they were measured last on the machine that was used last."""
    own = [one for one in measurements if one.table == table.name]
    if not own:
        return ""
    machine = own[-1].machine
    own = [one for one in own if one.machine == machine]
    rows = [row for row in table.all_rows(sizes) if any(one.row == row.name for one in own)]
    parts = [
        f"## {table.title}", f"Measured by `{table.command}`.",
        "\n".join(f"- {thing}: {words}" for thing, words in machines.get(machine, {}).items()),
        _markdown(table.sheet.headings, list(_lines(table, rows, own))), table.legend]
    notes = [f"- {row.name}: {note}" for row in rows for note in row.notes]
    return "\n\n".join(part for part in parts + ["\n".join(notes)] if part) + "\n"


def document(tables, sizes, folder):
    """The text of results.md in a folder with results.jsonl and machines.json."""
    machines_file = folder / "machines.json"
    machines = json.loads(machines_file.read_text(encoding="utf-8")) if machines_file.exists() else {}
    measurements = recording.read(folder / "results.jsonl")
    sections = [section(table, sizes, measurements, machines) for table in tables]
    return "\n".join([TITLE, *(text for text in sections if text)])
