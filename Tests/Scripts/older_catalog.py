"""Makes a catalog as version 1 or 2 has left it, and prints its contents in JSON.

    older_catalog.py PATH VERSION TABLES INTEGRITY

TABLES and INTEGRITY are the statements of the two versions.
"""

import base64
import datetime
import email.utils
import json
import os
import random
import sqlite3
import sys

STEPS = ["resources, media facts, lists", "integrity, order of names"]


def digits():
    return f"{random.getrandbits(128):032x}"


def base64_of(data):
    return base64.b64encode(data).decode()


def encryption():
    return {
        "type": "rsa-aes", "public_key_sid": "CR" + digits(), "encrypted_cek": base64_of(random.randbytes(512)),
        "iv": base64_of(random.randbytes(12)),
    }


def voice(number, sid, status, moment):
    """A resource, and its format and group."""
    resource = {
        "account_sid": "AC" + digits(), "call_sid": "CA" + digits(), "sid": sid, "status": status,
        "date_created": email.utils.format_datetime(moment), "duration": "17", "channels": 2, "price": None,
        "encryption_details": encryption(),
    }
    return resource, "wav", resource["call_sid"]


def video(number, sid, status, moment):
    resource = {
        "sid": sid, "status": status, "container_format": ("mka", "mkv")[number % 2], "size": 5,
        "date_created": moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "grouping_sids": {"room_sid": "RM" + digits(), "participant_sid": "PA" + digits()},
    }
    return resource, resource["container_format"], resource["grouping_sids"]["room_sid"]


def composition(number, sid, status, moment):
    resource = {
        "sid": sid, "status": status, "format": ("mp4", "webm")[number % 2], "title": "Grüße \\ \u2028",
        "date_created": moment.strftime("%Y-%m-%dT%H:%M:%SZ"), "room_sid": "RM" + digits(),
        "resolution": "1280x720",
    }
    return resource, resource["format"], resource["room_sid"]


def insert(database, table, values):
    columns = ", ".join(values)
    database.execute(f"INSERT INTO {table} ({columns}) VALUES ({', '.join('?' * len(values))})", [*values.values()])


def store(database, version, number):
    """Stores a resource, and the facts of its media where there are some.

    Returns what the catalog has of it.
    """
    kind, second = 1 + number % 3, 1_600_000_000 + number * 3601
    sid = ("RE", "RT", "CJ")[kind - 1] + digits()
    status = "completed" if number % 7 else ("processing", "deleted", "failed")[number // 7 % 3]
    moment = datetime.datetime.fromtimestamp(second, datetime.timezone.utc)
    resource, form, group = (voice, video, composition)[kind - 1](number, sid, status, moment)
    text = json.dumps(resource, ensure_ascii=number % 2 == 0, indent=None if number % 5 else 2).encode()
    integrity = "none" if kind > 1 or version == 1 else ("unverified", "verified", "failed")[number % 9 // 3]
    row = {
        "sid": sid, "kind": kind, "status": status, "created": second, "format": form, "json": text, "generation": 3,
    }
    if version == 2:
        row["integrity"] = integrity
    insert(database, "resource", row)
    size = tag = facts = None
    if number % 4:
        size, facts = random.getrandbits(41), b'{"algorithm":"CBC"}' + random.randbytes(40)
        media = {"sid": sid, "plaintext_size": size, "facts": facts}
        if version == 2:
            tag = f'"{digits()}"' if number % 2 else None
            media["entity_tag"] = tag
        insert(database, "media", media)
    return {
        "sid": sid, "kind": kind, "status": status, "created": second, "format": form, "group": group,
        "json": base64_of(text), "integrity": integrity, "size": size, "tag": tag, "facts": facts and base64_of(facts),
    }


def main(path, version, tables, integrity):
    version = int(version)
    random.seed(version)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    database = sqlite3.connect(path, isolation_level=None)
    database.execute("PRAGMA journal_mode = WAL")
    database.executescript(tables)
    if version == 2:
        database.executescript(integrity)
    database.execute("CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY)")
    for name in STEPS[:version]:
        database.execute("INSERT INTO grdb_migrations VALUES (?)", [name])
    database.execute("BEGIN")
    contents = [store(database, version, number) for number in range(2500)]
    database.execute("COMMIT")
    for kind in (1, 2, 3):
        database.execute("INSERT INTO list VALUES (?, 3)", [kind])
    database.close()
    print(json.dumps(contents))


main(*sys.argv[1:])
