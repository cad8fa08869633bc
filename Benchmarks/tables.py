"""The tables, each with its rows and its account."""

from dataclasses import dataclass

import catalog
import rows
from account import Account
from generated import GeneratedAccount
from nginx import BYTES_PER_SECOND, LATENCY_MILLISECONDS


@dataclass(frozen=True)
class Table:
    """What one command measures."""

    name: str
    command: str
    title: str
    legend: str
    all_rows: object  # takes sizes, gives rows in the order of the table
    open_account: object  # takes settings, a folder and rows that share an account, which it gives for a `with` block


def _media_account(settings, folder, sharing):
    originals = {(one.kind, one.name): one for row in sharing for one in row.originals}
    return Account(settings, folder, list(originals.values()))


def _generated_account(settings, folder, sharing):
    return GeneratedAccount(settings, folder, sharing[0].account)


TABLES = {table.name: table for table in (
    Table(
        "speed", "make bench", "Speed and memory",
        "Figures are medians; twiliofs and its peer took turns. The ratio is twiliofs's speed to its peer's under a bar "
        "with ≥, and twiliofs's\ntime, bytes or memory to its peer's under one with ≤. *Far* means that each answer of "
        f"the API and of nginx waits {LATENCY_MILLISECONDS} ms, and\nthat a connection to nginx gets "
        f"{BYTES_PER_SECOND // 1_000_000} MB/s.",
        rows.all_rows, _media_account),
    Table(
        "catalog", "make bench-catalog", "The catalog of a very large account",
        "Figures are medians; twiliofs and its peer took turns. The ratio is twiliofs's speed to its peer's under a bar "
        "with ≥, and twiliofs's\ntime, bytes or requests to its peer's, or to what is allowed, under one with ≤. The "
        "simulator, which makes up the recordings, runs on\nthe same machine.",
        catalog.all_rows, _generated_account),
)}
