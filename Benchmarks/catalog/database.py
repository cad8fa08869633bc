"""What is looked up and changed in a catalog's file (Sources/Catalog/Database/Schema.swift) while no mount uses it."""

import random
import sqlite3
from contextlib import closing

from settings import BenchError

_VOICE = 1
# The recordings are a minute apart, and their two lengths take turns.
_LENGTH = "(created / 60) % 2"


def _file(cache):
    files = list(cache.rglob("catalog.sqlite"))
    if len(files) != 1:
        raise BenchError(f"there are {len(files)} catalogs in {cache} instead of one")
    return files[0]


def _open(cache):
    return closing(sqlite3.connect(_file(cache), isolation_level=None))


def _name(digits):
    return f"RE{digits.hex()}.wav"


def size_on_disk(cache):
    """The bytes of the catalog's file and its journal."""
    return sum(file.stat().st_size for file in _file(cache).parent.glob("catalog.sqlite*"))


def known_bytes(cache):
    with _open(cache) as catalog:
        return catalog.execute("SELECT sum(known_bytes) FROM tally").fetchone()[0]


def random_names(cache, count):
    """Names of different files of recordings/, the same in each run."""
    with _open(cache) as catalog:
        identifiers = [row[0] for row in catalog.execute("SELECT id FROM entry WHERE kind = ? ORDER BY id", [_VOICE])]
        chosen = random.Random(count).sample(identifiers, count)
        return [
            _name(catalog.execute("SELECT sid FROM entry WHERE id = ?", [identifier]).fetchone()[0])
            for identifier in chosen]


def names_of_each_length(cache):
    with _open(cache) as catalog:
        return [
            _name(digits) for (digits, _) in
            catalog.execute(f"SELECT sid, min(id) FROM entry WHERE kind = ? GROUP BY {_LENGTH}", [_VOICE])]


def fill_sizes(cache):
    """Gives each recording what is known of that one of its length whose size was learnt.

    The file becomes one of the version that had no checksums of rows and no calls: the next mount computes them.
    """
    with _open(cache) as catalog:
        # There may be more than were asked for: a mount learns ahead.
        learnt = catalog.execute(
            f"""
            SELECT {_LENGTH}, size, integrity, entity_tag, facts, min(id)
            FROM entry JOIN media USING (id)
            WHERE kind = ? GROUP BY {_LENGTH}
            """, [_VOICE]).fetchall()
        if len(learnt) != 2:
            raise BenchError("the mount has not stored a size of each length")
        catalog.execute("BEGIN IMMEDIATE")
        for length, size, integrity, entity_tag, facts, _ in learnt:
            catalog.execute(
                f"""
                INSERT INTO media (id, entity_tag, facts) SELECT id, ?, ? FROM entry
                WHERE kind = ? AND size IS NULL AND {_LENGTH} = ? ORDER BY id
                """, [entity_tag, facts, _VOICE, length])
            catalog.execute(
                f"""
                UPDATE entry SET size = ?, integrity = ?
                WHERE kind = ? AND size IS NULL AND {_LENGTH} = ?
                """, [size, integrity, _VOICE, length])
        for table in ("entry", "document", "media"):
            catalog.execute(f"ALTER TABLE {table} DROP COLUMN checksum")
        # Programs before the first version with calls have none of these tables.
        for table in ("call", "conference", "row_count"):
            catalog.execute(f"DROP TABLE IF EXISTS {table}")
        catalog.execute("DELETE FROM grdb_migrations WHERE identifier IN ('checksums of rows', 'calls')")
        catalog.execute("COMMIT")


def forget_refreshes(cache, seconds):
    """Makes the latest refresh of each list so much older, that a new mount makes one."""
    with _open(cache) as catalog:
        catalog.execute("UPDATE list SET refreshed = refreshed - ?", [seconds])
