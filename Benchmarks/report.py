"""What was measured, as a section of the file of results."""

import datetime

from measuring import Outcome
from results import Section

_HEADINGS = ["row", "figure", "ratio", "bar", "verdict", "twiliofs", "peer", "against", "runs", "measured"]


def _cells(line, measured):
    if isinstance(line, Outcome):
        return [
            line.name, line.figure, f"{line.ratio:.2f}", str(line.bar or "–"), line.verdict, line.ours, line.peer,
            line.peer_name, str(line.runs), measured]
    return [
        line.name, line.figure, "–", "–", "FAILED" if line.is_failure else "not available", "–", "–", line.reason, "0",
        measured]


def section(table, lines, machine, commit, is_quick):
    """The section of a table; `commit` is what of the program was measured."""
    measured = f"{datetime.datetime.now(datetime.timezone.utc):%Y-%m-%d}, {commit}"
    made_by = f"Made by `{table.command}`" + (
        " with `QUICK=1`: sizes are too small for the figures to mean much." if is_quick else ".")
    return Section(
        table.name, f"## {table.title}\n\n{made_by}", machine, _HEADINGS, [_cells(line, measured) for line in lines],
        table.legend,
        [(line.name, note) for line in lines if isinstance(line, Outcome) for note in line.notes])
