"""The tables, each with its rows and its account."""

from dataclasses import dataclass

import catalog
import chaos
import rendering
import rows
from account import Account
from chaos.harness import surroundings
from generated import GeneratedAccount
from nginx import BYTES_PER_SECOND, LATENCY_MILLISECONDS

_LEGEND = """\
Amounts and ratios are medians of the runs, with the least and the most in parentheses; p90 and p99 are percentiles of
the samples of a run. twiliofs and its peer take turns, and a ratio is of two runs side by side: of twiliofs's speed to
its peer's under a bar with ≥, else of its time, bytes or requests to its peer's, or to the limit. """


@dataclass(frozen=True)
class Table:
    """What one command measures."""

    name: str
    command: str
    title: str
    legend: str
    all_rows: object  # takes sizes, gives rows in the order of the table
    open_account: object  # takes settings, a folder and rows that share an account, which it gives for a `with` block
    sheet: object = rendering.COMPARISON


def _media_account(settings, folder, sharing):
    originals = {(one.kind, one.name): one for row in sharing for one in row.originals}
    return Account(settings, folder, list(originals.values()))


def _generated_account(settings, folder, sharing):
    return GeneratedAccount(settings, folder, sharing[0].account)


TABLES = {table.name: table for table in (
    Table(
        "speed", "make bench", "Speed and memory",
        f"{_LEGEND}*Far* means that\neach answer of the API and of nginx waits {LATENCY_MILLISECONDS} ms, and that a "
        f"connection to nginx gets {BYTES_PER_SECOND // 1_000_000} MB/s.",
        rows.all_rows, _media_account),
    Table(
        "catalog", "make bench-catalog", "The catalog of a very large account",
        f"{_LEGEND}The\nsimulator, which makes up the recordings, runs on the same machine.",
        catalog.all_rows, _generated_account),
    Table(
        "chaos", "make chaos", "What goes wrong",
        "Faults are chosen by the seed; a row that is run again with it meets the same ones. A row has passed when "
        "all of its\nfigures are within their bars.",
        chaos.all_rows, surroundings, rendering.FAULTS),
)}
