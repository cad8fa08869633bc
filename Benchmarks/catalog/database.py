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


class _RowChecksum:
    """The checksum of a row's values, as Sources/Catalog/Database/RowChecksum.swift computes it."""

    _MASK = (1 << 64) - 1

    def __init__(self):
        self._state = 0x243F6A8885A308D3

    def word(self, word):
        state = ((self._state ^ (word & self._MASK)) * 0x9E3779B97F4A7C15) & self._MASK
        self._state = state ^ (state >> 29)
        return self

    def number(self, number):
        return self.word(0 if number is None else 1).word(number or 0)

    def digits(self, digits):
        digits = digits and bytes(digits)
        self.word(1 if digits else 0)
        self.word(int.from_bytes(digits[:8], "big") if digits else 0)
        return self.word(int.from_bytes(digits[8:], "big") if digits else 0)

    def bytes(self, content):
        self.word(len(content))
        whole = len(content) // 8 * 8
        for start in range(0, whole, 8):
            self.word(int.from_bytes(content[start:start + 8], "little"))
        return self.word(int.from_bytes(content[whole:], "big"))

    def text(self, text):
        return self.word(0) if text is None else self.word(1).bytes(text.encode())

    @property
    def value(self):
        return self._state - (1 << 64) if self._state >> 63 else self._state


def _entry_checksum(identifier, kind, sid, status, created, form, json_size, size, integrity, group):
    checksum = _RowChecksum().word(identifier).word(kind).digits(sid).text(status).number(created).text(form)
    return checksum.word(json_size).number(size).word(integrity).digits(group).value


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
    """Gives each recording what is known of that one of its length whose size was learnt."""
    with _open(cache) as catalog:
        # There may be more than were asked for: a mount learns ahead.
        learnt = catalog.execute(
            f"""
            SELECT {_LENGTH}, size, integrity, entity_tag, facts, media.checksum, min(id)
            FROM entry JOIN media USING (id)
            WHERE kind = ? GROUP BY {_LENGTH}
            """, [_VOICE]).fetchall()
        if len(learnt) != 2:
            raise BenchError("the mount has not stored a size of each length")
        catalog.create_function("entry_checksum", 10, _entry_checksum, deterministic=True)
        catalog.execute("BEGIN IMMEDIATE")
        for length, size, integrity, entity_tag, facts, checksum, _ in learnt:
            catalog.execute(
                f"""
                INSERT INTO media (id, entity_tag, facts, checksum) SELECT id, ?, ?, ? FROM entry
                WHERE kind = ? AND size IS NULL AND {_LENGTH} = ? ORDER BY id
                """, [entity_tag, facts, checksum, _VOICE, length])
            catalog.execute(
                f"""
                UPDATE entry SET size = ?1, integrity = ?2, checksum = entry_checksum(
                    id, kind, sid, status, created, format, json_size, ?1, ?2, group_sid)
                WHERE kind = ?3 AND size IS NULL AND {_LENGTH} = ?4
                """, [size, integrity, _VOICE, length])
        catalog.execute("DELETE FROM tally WHERE kind = ?", [_VOICE])
        catalog.execute(
            """
            INSERT INTO tally (kind, status, integrity, count, sized_count, known_bytes)
            SELECT kind, coalesce(status, 'completed') AS word, integrity, count(*), count(size), coalesce(sum(size), 0)
            FROM entry WHERE kind = ? GROUP BY kind, word, integrity
            """, [_VOICE])
        catalog.execute("COMMIT")


def forget_refreshes(cache, seconds):
    """Makes the latest refresh of each list so much older, that a new mount makes one."""
    with _open(cache) as catalog:
        catalog.execute("UPDATE list SET refreshed = refreshed - ?", [seconds])
