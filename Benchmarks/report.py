"""The table, as text for a terminal and for a Markdown file at once."""

from measuring import Outcome
from nginx import BYTES_PER_SECOND, LATENCY_MILLISECONDS

_HEADINGS = ["figure", "ratio", "bar", "verdict", "twiliofs", "peer", "against", "runs"]


def _cells(line):
    if isinstance(line, Outcome):
        return [
            line.figure, f"{line.ratio:.2f}", str(line.bar or "–"), line.verdict, line.ours, line.peer, line.peer_name,
            str(line.runs)]
    return [line.figure, "–", "–", "FAILED" if line.is_failure else "not available", "–", "–", line.reason, "0"]


def table(lines):
    """A Markdown table whose columns are even in a terminal too."""
    rows = [_HEADINGS] + [[cell.replace("|", "\\|") for cell in _cells(line)] for line in lines]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADINGS))]
    text = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |" for row in rows]
    text.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(text)


def document(lines, machine, settings):
    """The whole result."""
    notes = [f"- {line.figure}: {note}" for line in lines if isinstance(line, Outcome) for note in line.notes]
    parts = [
        "# Benchmark",
        "Made by `make bench`" + (" with `QUICK=1`: sizes are too small for the figures to mean much." if settings.quick
                                  else "; CONTRIBUTING.md says how it works. Don't edit."),
        "\n".join(f"- {name}: {value}" for name, value in machine),
        table(lines),
        "Figures are medians; twiliofs and its peer took turns. The ratio is twiliofs's speed to its peer's under a bar "
        "with ≥, and twiliofs's\ntime, bytes or memory to its peer's under one with ≤. *Far* means that each answer of "
        f"the API and of nginx waits {LATENCY_MILLISECONDS} ms, and\nthat a connection to nginx gets "
        f"{BYTES_PER_SECOND // 1_000_000} MB/s.",
    ]
    if notes:
        parts.append("\n".join(notes))
    return "\n\n".join(parts) + "\n"
