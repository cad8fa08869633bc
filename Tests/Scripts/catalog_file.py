"""Looks into a catalog's file, or changes it, as another program can.

    catalog_file.py COMMAND PATH

PATH is the file, or a cache folder in which it is the only one.
"""

import fcntl
import glob
import os
import sqlite3
import struct
import sys
import time


def find(path):
    if os.path.isdir(path):
        [path] = glob.glob(path + "/**/catalog.sqlite", recursive=True)
    return path


def connect(path):
    return sqlite3.connect(path, timeout=10, isolation_level=None)


def checkpoint(path):
    """Brings everything into the main file, whoever has it open."""
    database = connect(path)
    assert database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()[0] == 0
    return database


def lock(path):
    """Tells whether another process has a lock that says that it uses the database (SQLite's SHARED)."""
    with open(path, "r+b") as file:
        query = struct.pack("hhqqi4x", fcntl.F_WRLCK, os.SEEK_SET, 0x40000002, 510, 0)
        answer = struct.unpack("hhqqi4x", fcntl.fcntl(file, fcntl.F_GETLK, query))
    print("free" if answer[0] == fcntl.F_UNLCK else "held")


def garble(path):
    """Overwrites all pages but the first."""
    database = checkpoint(path)
    page = database.execute("PRAGMA page_size").fetchone()[0]
    with open(path, "r+b") as file:
        file.seek(page)
        file.write(b"\xaa" * (os.path.getsize(path) - page))
    # A commit: what other connections have cached doesn't count any more.
    database.execute("PRAGMA user_version = 1")
    database.close()


def dump(path):
    """Prints everything, as SQL."""
    for line in connect(path).iterdump():
        print(line)


def entries(path):
    """Prints the SIDs' digits and the times of all entries."""
    for row in connect(path).execute("SELECT lower(hex(sid)), created FROM entry ORDER BY id"):
        print(*row)


def count(path):
    """Prints the number of entries."""
    database = connect(path)
    print(*database.execute("SELECT count(*) FROM entry").fetchone())
    database.close()


def inspect(path):
    """Prints SQLite's check, and the numbers of voice recordings and of different ones."""
    database = connect(path)
    print(*database.execute("PRAGMA integrity_check").fetchone())
    print(*database.execute("SELECT count(*), count(DISTINCT sid) FROM entry WHERE kind = 1").fetchone())


def coverage(path):
    """Prints for how many seconds of the last year the list of voice recordings is there."""
    end = int(time.time())
    start = end - 366 * 86400
    rows = connect(path).execute("SELECT lower, upper FROM coverage WHERE kind = 1 AND pass = 0")
    print(sum(max(0, min(upper, end) - max(lower, start)) for lower, upper in rows))


def age(path):
    """Makes it one of a version before there were times of changes."""
    database = connect(path)
    database.execute("BEGIN")
    database.execute("ALTER TABLE entry DROP COLUMN updated")
    database.execute("ALTER TABLE entry DROP COLUMN requirement")
    for table in ["requirement", "call", "conference", "row_count", "unordered"]:
        database.execute(f"DROP TABLE {table}")
    database.execute("DROP INDEX IF EXISTS entry_of_group")
    for table in ["entry", "document", "media"]:
        database.execute(f"ALTER TABLE {table} DROP COLUMN checksum")
    database.execute(
        "DELETE FROM grdb_migrations"
        " WHERE identifier IN ('times of changes', 'requirements', 'checksums of rows', 'calls', 'times of passes',"
        " 'lists without order', 'order of groups')")
    database.execute("COMMIT")


def renew(path):
    """Makes it one of a version that is yet to come; prints its path."""
    connect(path).execute("INSERT INTO grdb_migrations VALUES ('what is yet to come')")
    print(path)


def main(command, path):
    globals()[command](find(path))


if __name__ == "__main__":
    main(*sys.argv[1:])
