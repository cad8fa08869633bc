"""Hours of everything at once: what a mount holds afterwards is what it held at the beginning."""

import os
import subprocess
import threading
import time

from chaos import faults, library
from chaos.harness import none, row, told, within
from chaos.readers import Exercise, exercise, late, wrong
from processes import ENVIRONMENT
from settings import BenchError, program

# Up to 64 connections are kept for the next use, so their number at a moment is an accident; a few are no connections.
_MOST_SOCKETS = 64 + 8


def rows(sizes):
    opens = 2000 if sizes.is_quick else 100_000
    # Seconds don't make all the threads and database connections that are made at need.
    percent = 25 if sizes.is_quick else 5
    figures = (
        wrong(f"{opens:,} opens, and {_text(_seconds(sizes.is_quick))} of mixed load"),
        none("… reads that failed", "errors"), late(),
        within("… percent more open files than at the start, without connections", "1", percent, "files"),
        none(f"… sockets beyond the {_MOST_SOCKETS} that a mount may keep", "connections"),
        within("… percent more threads", "1", percent, "threads"),
        within("… percent more memory", "1", percent, "memory"),
        told("… memory at the end", "B", "resident"))
    return [row("soak", figures, lambda chaos: _measure(chaos, opens), (
        "programs read in every way, list, open and close, and are killed while they read, through a service of which "
        "2 % of the answers are 503 and 1 % are reset; SOAK=n sets the seconds. The start is after a first minute of "
        "it, when memory has been filled.",))]


def _seconds(is_quick):
    return int(os.environ.get("SOAK") or (3 if is_quick else 3600))


def _text(seconds):
    return f"{seconds // 60} minutes" if seconds >= 120 else f"{seconds} seconds"


def _measure(chaos, opens):
    account = chaos.account(library.originals(chaos, chaos.amount(90, 24), library.LARGE))
    faults.begin(chaos, account, life=None, unavailable=0.02, throttled=0, reset=0.01, stalled=0)
    mounted = chaos.mounted(account, "--memory", "32M")
    for one in account.recordings.values():
        mounted.file(one)
    # All of the memory for media is used from the beginning.
    exercise(
        chaos, account.recordings.values(), mounted.path, "filling", ways="whole", forget=1000,
        count=3 * len(account.recordings))
    _Load(chaos, account, mounted).run(chaos.amount(60, 3), opens // 10)
    start = _held(chaos, mounted)
    tally = _Load(chaos, account, mounted).run(_seconds(chaos.is_quick), opens)
    end = _held(chaos, mounted)
    start.pop("connections")
    beyond = max(0, end.pop("connections") - _MOST_SOCKETS)
    growth = {key: max(0, 100 * (end[key] / start[key] - 1)) for key in start}
    return growth | {
        "wrong": tally.wrong, "errors": tally.errors, "late": tally.late, "resident": end["memory"],
        "connections": beyond}


def _open_files(pid):
    """How many descriptors a process has, without and of sockets."""
    places = []
    for name in os.listdir(f"/proc/{pid}/fd"):
        try:
            places.append(os.readlink(f"/proc/{pid}/fd/{name}"))
        except FileNotFoundError:
            continue
    sockets = sum(place.startswith("socket:") for place in places)
    return len(places) - sockets, sockets


def _held(chaos, mounted):
    """What the process has when nobody has used it for a while."""
    time.sleep(chaos.amount(30, 1))
    process = f"/proc/{mounted.pid}"
    with open(f"{process}/status", encoding="utf-8") as status:
        values = dict(line.split(":", 1) for line in status if ":" in line)
    files, sockets = _open_files(mounted.pid)
    held = {
        "files": files, "connections": sockets, "threads": int(values["Threads"]),
        "memory": int(values["VmRSS"].split()[0]) * 1024}
    chaos.note("held", **held)
    return held


class _Load:
    """Several programs at once, for a time."""

    def __init__(self, chaos, account, mounted):
        self._chaos = chaos
        self._account = account
        self._recordings = list(account.recordings.values())
        self._mounted = mounted
        self._end = 0.0
        self._complaints = []

    def run(self, seconds, opens):
        """Gives what the readers have counted."""
        self._end = time.monotonic() + seconds
        reading = Exercise(
            self._chaos, self._recordings, self._mounted.path, "load", threads=8, seconds=seconds, forget=200,
            reopen=400)
        # Each with a choice of its own, so that their turns don't matter.
        jobs = [
            threading.Thread(target=self._guarded, args=(job, self._chaos.seed(), *arguments))
            for job, arguments in ((self._open_and_close, (opens,)), (self._list, ()), (self._kill_readers, ()))]
        for job in jobs:
            job.start()
        for job in jobs:
            job.join()
        tally = reading.tally()
        if self._complaints:
            raise BenchError(self._complaints[0])
        return tally

    def _guarded(self, job, seed, *arguments):
        try:
            job(type(self._chaos.random)(seed), *arguments)
        except (BenchError, OSError, subprocess.SubprocessError) as error:
            self._complaints.append(f"{job.__name__.strip('_')}: {error}")

    def _path(self, random):
        return self._mounted.path / random.choice(self._recordings).place

    def _open_and_close(self, random, count):
        for number in range(count):
            os.close(os.open(self._path(random), os.O_RDONLY))
            # Over the whole time, and as many as were asked for.
            left = self._end - time.monotonic()
            if left > 0 and number % 100 == 99:
                time.sleep(left / (count - number) * 100)

    def _list(self, random):
        while time.monotonic() < self._end:
            subprocess.run(
                [program("find"), str(self._mounted.path), "-size", "+0"], stdout=subprocess.DEVNULL, check=True,
                env=ENVIRONMENT)
            path = self._path(random)
            for name in os.listxattr(path):
                os.getxattr(path, name)
            os.statvfs(self._mounted.path)
            self._mounted.status()
            # What the simulator remembers of requests would grow beside what is measured.
            self._account.forget_requests()
            time.sleep(0.5)

    def _kill_readers(self, random):
        while time.monotonic() < self._end:
            with subprocess.Popen(
                    [program("cat"), str(self._path(random))], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                    stderr=subprocess.DEVNULL, env=ENVIRONMENT) as reader:
                time.sleep(random.uniform(0, 0.05))
                reader.kill()
            time.sleep(0.1)
