"""Too little of everything: memory, descriptors, threads."""

import os
import re
import resource
import threading
from contextlib import contextmanager
from pathlib import Path

import mount
from chaos.harness import none, row, told
from media import Noise, Original
from processes import run, wait_until
from settings import KIB, MIB, BenchError, program

_KINDS = (("recordings", "wav"), ("video-recordings", "mka"), ("compositions", "mp4"))
_POOL = 32 * MIB
# The rest of the process, as the issue has it: code, catalog, connections.
_ABOVE_POOL = 128 * MIB
_GROUPS = Path("/sys/fs/cgroup")
_READERS = 24
_MANY_THREADS = 80
# A read that isn't answered for so long hangs.
_PATIENCE = 60


def rows(sizes):
    memory = (
        none("memory squeezed to the pool and 128 MiB: crashes", "crashes"),
        none("… wrong bytes", "wrong"),
        none("… reads that failed", "errors"),
        told("… files read", "1", "reads"),
        told("… the largest part of the process in memory", "B", "peak"),
    )
    descriptor_figures = (
        none("ulimit -n of 64 and less: crashes", "crashes"),
        none("… starts that failed without a sentence", "mute"),
        none("… wrong bytes", "wrong"),
        none("… reads that failed with 64", "errors"),
        none("… reads that failed after that", "later"),
        told("… the fewest with which a mount starts", "1", "fewest"),
    )
    threads = (
        none("no threads left: crashes", "crashes"),
        none("… starts that failed without a sentence", "mute"),
        none("… wrong bytes", "wrong"),
        none(f"… readers that had no answer for {_PATIENCE} s", "late"),
        none("… reads that failed after that", "later"),
        told("… the fewest threads with which a mount starts", "1", "fewest"),
    )
    return [
        row("memory-squeezed", memory, _memory, (
            f"--memory is {_POOL // MIB}M; {_READERS} threads read at once. The limit is a control group's where the "
            "system lets one be made, else one of data (RLIMIT_DATA), since address space says little.",)),
        row("descriptors-squeezed", descriptor_figures, _descriptors, (
            f"limits from 3 to 64, hard ones too; with those that are enough to start, {_READERS} threads "
            "read at once. What fails has to "
            "say so, and no mount may end by a signal.",)),
        row("threads-squeezed", threads, _threads, (
            f"limits from one thread to {_MANY_THREADS} at the start; while a mount is read, no thread more "
            "than it has. A "
            "control group's where the system lets one be made, else those of the user (RLIMIT_NPROC).",)),
    ]


def _account(chaos, count):
    originals = []
    for number in range(count):
        kind, extension = _KINDS[number % len(_KINDS)]
        size = chaos.random.choice((3 * KIB, 300 * KIB, MIB + 5, 4 * MIB))
        originals.append(Original(kind, f"file-{number}.{extension}", Noise(size)))
    return chaos.account(originals)


class _Prefixed(mount.Mount):
    """A mount that is started by a command that executes the rest of its command line."""

    def __init__(self, arguments, folder, environment, log, prefix):
        super().__init__([*prefix, *arguments], folder, environment, log)


class _Reading:
    """Reads of all files by many threads at once."""

    def __init__(self, chaos):
        self._chaos = chaos
        self._lock = threading.Lock()
        self.wrong = self.errors = self.reads = self.late = 0
        self.kinds = {}
        # When each reader began the read for which it waits.
        self._reading_since = {}

    def run(self, mounted, served, readers=_READERS):
        lists = [self._chaos.random.sample(served, len(served)) for _ in range(readers)]
        threads = [threading.Thread(target=self._read, args=(mounted, one), daemon=True) for one in lists]
        for thread in threads:
            thread.start()
        # The comparisons take long on a slow machine, and aren't the mount's, so each read has its own patience.
        while any(thread.is_alive() for thread in threads) and not self._late_readers():
            threading.Event().wait(0.2)
        late = self._late_readers()
        if late:
            self._chaos.note("late", threads=late, log=str(mounted.path))
            self.late += late
        return self

    def _late_readers(self):
        now = self._chaos.clock()
        with self._lock:
            return sum(now - since > _PATIENCE for since in self._reading_since.values())

    def _read(self, mounted, served):
        reader = threading.get_ident()
        for one in served:
            with self._lock:
                self._reading_since[reader] = self._chaos.clock()
            try:
                content, name = (mounted.path / one.place).read_bytes(), None
            except OSError as error:
                content, name = None, error.strerror
            with self._lock:
                del self._reading_since[reader]
            found = None if content is None else content == one.original.read_bytes()
            with self._lock:
                self.reads += 1
                self.wrong += found is False
                self.errors += found is None
                if name:
                    self.kinds[name] = self.kinds.get(name, 0) + 1


def _has_crashed(chaos, name, mounted):
    """Whether the process is gone, or has said last words."""
    lines = [line for line in chaos.log_lines(name) if re.search(r"Fatal error|crashed|terminate called|abort", line)]
    status = mounted.exit_status
    # One that has ended with a status of its own has said why.
    is_gone = status is not None and (status < 0 or status >= 128)
    if lines or is_gone:
        chaos.note("crash", log=name, lines=lines[:5] or chaos.log_lines(name)[-5:], is_gone=is_gone)
    return bool(lines) or is_gone


# Memory


def _memory(chaos):
    account = _account(chaos, chaos.amount(60, 20))
    served = list(account.recordings.values())
    limit = _POOL + _ABOVE_POOL
    options = ("--memory", f"{_POOL // MIB}M", "--cache-size", "1G", "--cache-min-free", "0")
    reading = _Reading(chaos)
    with _limited_memory(chaos, limit) as prefix, chaos.mount_of(
            account, *options, kind=_Prefixed, prefix=prefix) as mounted:
        for _ in range(chaos.amount(10, 1)):
            reading.run(mounted, served)
            for folder, _ in _KINDS:
                os.listdir(mounted.path / folder)
        crashes = _has_crashed(chaos, "twiliofs", mounted)
        peak = mounted.peak_memory() if not crashes else 0
    if reading.kinds:
        chaos.note("errors", kinds=reading.kinds)
    return {
        "crashes": int(crashes), "wrong": reading.wrong, "errors": reading.errors, "reads": reading.reads, "peak": peak}


@contextmanager
def _limited_memory(chaos, limit):
    """The beginning of a command line that keeps the rest within a limit."""
    with _group("memory", {"memory.max": limit, "memory.limit_in_bytes": limit, "memory.swap.max": 0}) as group:
        chaos.note("limit", of="memory", bytes=limit, by=str(group) if group else "RLIMIT_DATA")
        yield _inside(group) if group else (program("prlimit"), f"--data={limit}", "--")


@contextmanager
def _group(controller, limits):
    """A control group with those limits that this version of them has; None where none can be made."""
    # Version 1 has a tree for each controller, version 2 one for all.
    parents = [_GROUPS / controller, _GROUPS, _GROUPS / "unified"]
    for parent in parents:
        group = parent / f"twiliofs-chaos-{os.getpid()}"
        try:
            group.mkdir()
        except OSError:
            continue
        try:
            there = [name for name in limits if (group / name).exists()]
            if not there:
                continue
            for name in there:
                (group / name).write_text(str(limits[name]))
            yield group
            return
        except PermissionError:
            continue
        finally:
            # Empty only when the kernel has cleaned up after the last process.
            wait_until(lambda: _is_removed(group), 10)
    yield None


def _is_removed(group):
    try:
        group.rmdir()
    except FileNotFoundError:
        return True
    except OSError:
        return False
    return True


def _inside(group):
    return (program("sh"), "-c", f'echo $$ >"{group}/cgroup.procs" && exec "$0" "$@"')


# Starting


class _Starts:
    """Starts of mounts that may fail, with a sentence."""

    def __init__(self, chaos, account, options=()):
        self._chaos = chaos
        self._account = account
        self._options = options
        self.crashes = self.mute = 0

    def use(self, prefix, name, body):
        """Has a body use a mount, if it starts at all, and says whether it has started."""
        mounted = self._chaos.mount_of(
            self._account, *self._options, kind=_Prefixed, prefix=prefix, name=name,
            cache=self._chaos.new_folder("cache"))
        try:
            with mounted:
                body(mounted)
                self.crashes += _has_crashed(self._chaos, name, mounted)
                return True
        except BenchError:
            status = mounted.exit_status
            lines = self._chaos.log_lines(name)
            self._chaos.note("not mounted", log=name, status=status, lines=lines[-5:])
            self.crashes += status is None or status < 0 or status >= 128
            # The dynamic linker has no descriptors for the libraries: that is its sentence.
            self.mute += not any(re.search(r"^twiliofs: |\berror\b", line, re.IGNORECASE) for line in lines)
            return False


def _descriptors(chaos):
    account = _account(chaos, chaos.amount(40, 12))
    served = list(account.recordings.values())
    starts = _Starts(chaos, account, ("--memory", "32M", "--cache-size", "1G", "--cache-min-free", "0"))
    wrong = errors = later = 0
    fewest = 64
    for limit in (4, 40, 63, 64) if chaos.is_quick else range(3, 65):
        reading, again = _Reading(chaos), _Reading(chaos)

        def use(mounted):
            reading.run(mounted, served)
            if limit == 64:
                chaos.note("descriptors", open=len(os.listdir(f"/proc/{mounted.pid}/fd")), errors=reading.kinds)
            try:
                resource.prlimit(mounted.pid, resource.RLIMIT_NOFILE, (4096, 4096))
            except PermissionError:
                # Not even root may everywhere: then it goes on with those that it has.
                pass
            again.run(mounted, served, readers=2)

        if starts.use((program("prlimit"), f"--nofile={limit}", "--"), f"descriptors-{limit}", use):
            fewest = min(fewest, limit)
        wrong += reading.wrong + again.wrong
        later += again.errors
        if reading.kinds or again.kinds:
            chaos.note("errors", limit=limit, kinds=reading.kinds, later=again.kinds)
        if limit == 64:
            errors = reading.errors
    return {
        "crashes": starts.crashes, "mute": starts.mute, "wrong": wrong, "errors": errors, "later": later,
        "fewest": fewest}


# Threads


def _threads(chaos):
    account = _account(chaos, chaos.amount(40, 12))
    served = list(account.recordings.values())
    starts = _Starts(chaos, account, ("--memory", "32M", "--cache-size", "1G", "--cache-min-free", "0"))
    with chaos.mount_of(account, name="usual") as mounted:
        usual = len(os.listdir(f"/proc/{mounted.pid}/task"))
    chaos.note("threads", usual=usual)
    wrong = late = later = 0
    fewest = _MANY_THREADS
    for limit in (1, 3, usual - 1, 64, 66, 67, _MANY_THREADS) if chaos.is_quick else range(1, _MANY_THREADS + 1):
        with _limited_threads(limit) as (prefix, allow):
            reading, again = _Reading(chaos), _Reading(chaos)

            def use(mounted):
                for kind, _ in _KINDS:
                    mounted.await_list(kind, 60)
                # As many as there are: no further one.
                allow(len(os.listdir(f"/proc/{mounted.pid}/task")), mounted)
                try:
                    reading.run(mounted, served)
                finally:
                    allow(1000, mounted)
                again.run(mounted, served, readers=2)

            if starts.use(prefix, f"threads-{limit}", use):
                fewest = min(fewest, limit)
        wrong += reading.wrong + again.wrong
        late += reading.late + again.late
        later += again.errors
        if reading.kinds or again.kinds:
            chaos.note("errors", limit=limit, kinds=reading.kinds, later=again.kinds)
    return {
        "crashes": starts.crashes, "mute": starts.mute, "wrong": wrong, "late": late, "later": later, "fewest": fewest}


@contextmanager
def _limited_threads(limit):
    """The beginning of a command line that gets so many threads, and a function that sets another limit."""
    with _group("pids", {"pids.max": limit}) as group:
        if group:
            yield _inside(group), lambda number, _: (group / "pids.max").write_text(str(number))
            return
        others = _threads_of_user()
        yield (
            (program("prlimit"), f"--nproc={others + limit}:{others + 4096}", "--"),
            lambda number, mounted: resource.prlimit(
                mounted.pid, resource.RLIMIT_NPROC,
                (min(others + number, others + 4096), others + 4096)))


def _threads_of_user():
    result = run([program("ps"), "-L", "-o", "tid=", "-u", str(os.getuid())])
    return len(result.splitlines())
