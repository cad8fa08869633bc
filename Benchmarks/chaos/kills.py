"""Processes that are killed at any moment, and what the next one has."""

import email.utils
import json
import os
import re
import signal
import sqlite3
import threading
from contextlib import closing, contextmanager
from pathlib import Path

from chaos.harness import none, row, told, within
from media import Noise, Original
from processes import wait_until
from settings import KIB, MIB, BenchError

_KINDS = (("recordings", "wav"), ("video-recordings", "mka"), ("compositions", "mp4"))
_STEPS = ("resources, media facts, lists", "integrity, order of names")


def _read(file, count):
    """Reads as many bytes: the kernel returns those that it has before the error that stops it."""
    piece = b""
    while len(piece) < count and (more := file.read(count - len(piece))):
        piece += more
    return piece


def rows(sizes):
    # A debug build, on a machine that runs other tests meanwhile, isn't what the bar is for.
    limit = 15 if sizes.is_quick else 1
    each = 3 if sizes.is_quick else 50
    figures = (
        none(f"kill -9 at {4 * each} random moments: wrong bytes read before or after", "wrong"),
        none("… entries lost", "lost"),
        none("… catalogs or indexes of the disk cache that were damaged", "damaged"),
        within("… the slowest next mount, from its start to a listing", "s", limit, "answer"),
        told("… kills that hit a mount that wasn't there yet", "1", "early"),
    )
    note = (
        f"{each} kills each of mounts that fill and use the disk cache, that refresh lists, that fetch "
        "them for the first "
        "time, and that convert the catalog of an older version.")
    return [row("kill", figures, lambda chaos: _Kills(chaos, each).measure(), (note,))]


class _Kills:
    """What the four parts of the row have counted."""

    def __init__(self, chaos, each):
        self._chaos = chaos
        self._each = each
        self._wrong = self._lost = self._early = 0
        self._answer = 0.0

    def measure(self):
        for part in (self._caching, self._refreshing, self._filling, self._converting):
            part()
        damaged = [line for line in self._chaos.log_lines() if "damaged" in line and "cached block" not in line]
        if damaged:
            self._chaos.note("damaged", lines=damaged[:20])
        return {
            "wrong": self._wrong, "lost": self._lost, "damaged": len(damaged), "answer": self._answer,
            "early": self._early}

    # The parts

    def _caching(self):
        chaos = self._chaos
        originals = [
            Original(*_named(number, "file"), Noise(chaos.random.choice((5, 100 * KIB, MIB + 1, 3 * MIB))))
            for number in range(24)]
        account = chaos.account(originals)
        served = list(account.recordings.values())
        cache = chaos.new_folder("cache")
        # Less than all files: blocks are removed all the time. And less memory than files, so that blocks are read.
        options = ("--cache-size", "16M", "--memory", "16M")

        def use(mounted):
            while True:
                self._compare(mounted, chaos.random.choice(served))

        for _ in range(self._each):
            self._kill(account, cache, options, 0.8, use)
        with self._next(account, cache, options) as mounted:
            for one in served:
                self._compare(mounted, one)
            self._expect(mounted, "recordings", {Path(one.place).name for one in served if one.place.startswith("rec")})

    def _refreshing(self):
        chaos = self._chaos
        account = chaos.account([], "--generate-recordings", chaos.amount(3000, 500))
        cache = chaos.new_folder("cache")
        with self._next(account, cache) as mounted:
            mounted.await_list("recordings", 60)
            names = set(os.listdir(mounted.path / "recordings"))
        sids = sorted(name.split(".")[0] for name in names)

        def use(mounted):
            while True:
                os.listdir(mounted.path / "recordings")

        for _ in range(self._each):
            for sid in chaos.random.sample(sids, 20):
                account.change("update", sid=sid, fields={"duration": str(chaos.random.randrange(1000))})
            self._kill(account, cache, ("--refresh", "1"), 1.5, use)
            with self._next(account, cache) as mounted:
                # At once: what was listed before is listed still, before the service is asked for anything.
                self._expect(mounted, "recordings", names, seconds=0)

    def _filling(self):
        chaos = self._chaos
        account = chaos.account([], "--generate-recordings", chaos.amount(20_000, 1000))
        with self._next(account, chaos.new_folder("cache")) as mounted:
            begin = chaos.clock()
            mounted.await_list("recordings", 60)
            duration = chaos.clock() - begin
            names = set(os.listdir(mounted.path / "recordings"))

        def use(mounted):
            mounted.await_list("recordings", 60)

        for _ in range(self._each):
            cache = chaos.new_folder("cache")
            self._kill(account, cache, (), duration + 0.2, use)
            with self._next(account, cache) as mounted:
                self._expect(mounted, "recordings", names)

    def _converting(self):
        chaos = self._chaos
        count = chaos.amount(5000, 1000)
        account = chaos.account([], "--generate-recordings", count)
        resources = list(account.listed("Recordings"))
        if len(resources) != count:
            raise BenchError(f"the simulator lists {len(resources)} recordings, not {count}")
        names = {f"{one['sid']}.wav" for one in resources}
        for number in range(self._each):
            cache = chaos.new_folder("cache")
            catalog = cache / account.description["accountSid"] / "catalog.sqlite"
            _write_older_catalog(chaos, catalog, 1 + number % 2, resources)
            self._kill(account, cache, (), 0.5, lambda mounted: mounted.await_list("recordings", 60))
            with self._next(account, cache) as mounted:
                self._expect(mounted, "recordings", names)
            # Each is in its place of old: fetched again, it would have got another.
            with closing(sqlite3.connect(f"file:{catalog}?mode=ro", uri=True)) as database:
                kept = dict(database.execute("SELECT id, lower(hex(sid)) FROM entry"))
            lost = [one["sid"] for place, one in enumerate(resources, 1) if kept.get(place) != one["sid"][2:]]
            self._note_lost(lost)

    # Their steps

    def _kill(self, account, cache, options, longest, use):
        """Lets a mount be used, and kills it at a moment after its start."""
        chaos = self._chaos
        delay = chaos.random.uniform(0, longest)
        mounted = chaos.mount_of(account, *options, cache=cache)
        timer = threading.Timer(delay, lambda: _kill(mounted))
        is_there = False
        timer.start()
        try:
            with mounted:
                is_there = True
                use(mounted)
                # It has done all that there was to do.
                timer.join()
        except (BenchError, OSError):
            # It is killed, and nobody answers.
            pass
        finally:
            timer.join()
        self._early += not is_there
        chaos.note("killed", after=round(delay, 4), options=options, was_mounted=is_there)

    @contextmanager
    def _next(self, account, cache, options=()):
        """A mount that isn't killed, whose first answer is measured."""
        chaos = self._chaos
        begin = chaos.clock()
        with chaos.mount_of(account, *options, cache=cache) as mounted:
            if "recordings" not in os.listdir(mounted.path):
                raise BenchError("there is no folder of recordings")
            mounted.status()
            seconds = chaos.clock() - begin
            if seconds > self._answer:
                chaos.note("the slowest so far", took=seconds)
            self._answer = max(self._answer, seconds)
            yield mounted

    def _compare(self, mounted, served):
        """Reads a file from somewhere to its end."""
        path, size = mounted.path / served.place, served.size
        with open(path, "rb", buffering=0) as file, open(served.original, "rb") as original:
            start = self._chaos.random.choice((0, 0, self._chaos.random.randrange(size)))
            file.seek(start)
            original.seek(start)
            while True:
                piece = original.read(MIB)
                if _read(file, max(1, len(piece))) != piece:
                    self._wrong += 1
                    self._chaos.note("wrong bytes", place=served.place, start=start)
                    return
                if not piece:
                    return

    def _expect(self, mounted, folder, names, seconds=60):
        """Counts what isn't listed."""
        if seconds:
            mounted.await_list(folder, seconds)
        self._note_lost(names - set(os.listdir(mounted.path / folder)))

    def _note_lost(self, lost):
        if lost:
            self._chaos.note("lost", count=len(lost), some=sorted(lost)[:5])
        self._lost += len(lost)


def _kill(mounted):
    """Kills a mount, which may be about to be started."""
    wait_until(lambda: mounted.is_begun, 30)
    os.kill(mounted.pid, signal.SIGKILL)


def _named(number, name):
    kind, extension = _KINDS[number % len(_KINDS)]
    return kind, f"{name}-{number}.{extension}"


def _statements(chaos, name):
    """Statements that made the tables of older versions."""
    source = chaos.settings.repository / "Sources/Catalog/Database/FirstSchema.swift"
    return re.search(f'static let {name} = """\n(.*?)\n *"""', source.read_text(encoding="utf-8"), re.DOTALL)[1]


def _write_older_catalog(chaos, path, version, resources):
    """Makes a catalog as the first or the second version has left it."""
    path.parent.mkdir(mode=0o700)
    with closing(sqlite3.connect(path, isolation_level=None)) as database:
        database.execute("PRAGMA journal_mode = WAL")
        for name in ("tables", "integrityAndNames")[:version]:
            database.executescript(_statements(chaos, name))
        database.execute("CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY)")
        database.executemany("INSERT INTO grdb_migrations VALUES (?)", [(name,) for name in _STEPS[:version]])
        database.execute("BEGIN")
        for one in resources:
            created = int(email.utils.parsedate_to_datetime(one["date_created"]).timestamp())
            database.execute(
                "INSERT INTO resource (sid, kind, status, created, format, json, generation) VALUES (?, 1, ?, "
                "?, 'wav', ?, 3)",
                (one["sid"], one["status"], created, json.dumps(one).encode()))
        database.executemany("INSERT INTO list VALUES (?, 3)", [(kind,) for kind in (1, 2, 3)])
        database.execute("COMMIT")
    path.chmod(0o600)
