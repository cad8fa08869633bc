"""A disk of the cache that is full, read-only, gone, or fails."""

import errno
import os
import re
import shutil
import struct
import subprocess
from contextlib import contextmanager
from pathlib import Path

from chaos.harness import none, row, told, within
from media import Noise, Original
from processes import run, wait_until
from settings import KIB, MIB, BenchError, program

_KINDS = (("recordings", "wav"), ("video-recordings", "mka"), ("compositions", "mp4"))
_REFRESH = 2


def rows(sizes):
    figures = (
        none("the cache's disk full, read-only, removed, or failing: wrong bytes", "wrong"),
        none("… reads that failed", "errors"),
        within("… listings that failed while the catalog was exchanged, at most, of each disk", "1", 1, "listings"),
        # A folder that is being removed loses its index first: the cache starts empty, then can't be used.
        within("… lines of the log of what the disk cache can't do, at most", "1", 2, "lines"),
        none("… lines of the log that came with further reads", "more"),
        none("… mounts that didn't use a disk again that is well", "lame"),
        told("… files read", "1", "reads"),
    )
    note = (
        "the folder has the catalog, too. Full: a tmpfs, where root runs it, and a file system that "
        "answers ENOSPC. The "
        "rest is a file system in user space (Benchmarks/chaos/failing_disk.c), whose changes fail with "
        "EROFS or EIO, or "
        "all of whose uses fail, each or one in ten. A removed folder is recreated; a file may be in "
        "its place. Refreshes "
        "of the lists, which can't be stored, are no reads: the log tells of each list once.")
    return [row("cache-disk", figures, lambda chaos: _Disks(chaos).measure(), (note,))]


class _Disks:
    """What the parts of the row have counted."""

    def __init__(self, chaos):
        self._chaos = chaos
        self._wrong = self._errors = self._lines = self._more = self._lame = self._reads = self._listings = 0
        self._part_listings = 0

    def measure(self):
        chaos = self._chaos
        originals = []
        for number in range(chaos.amount(60, 18)):
            kind, extension = _KINDS[number % len(_KINDS)]
            size = chaos.random.choice((3 * KIB, 300 * KIB, MIB + 5, 2 * MIB))
            originals.append(Original(kind, f"file-{number}.{extension}", Noise(size)))
        account = chaos.account(originals)
        disk = FailingDisk(chaos)
        faults = [
            ("full", disk.mounted, lambda: disk.fail(changes=errno.ENOSPC)),
            ("read-only", disk.mounted, lambda: disk.fail(changes=errno.EROFS)),
            ("changes fail", disk.mounted, lambda: disk.fail(changes=errno.EIO)),
            ("all fails", disk.mounted, lambda: disk.fail(errno.EIO, errno.EIO)),
            ("one in ten fails", disk.mounted, lambda: disk.fail(errno.EIO, errno.EIO, of_thousand=100)),
        ]
        for name, place, begin in faults:
            with place() as folder:
                self._part(name, account, folder, begin, disk.heal)
        folder = chaos.new_folder("cache")
        self._part("removed", account, folder, lambda: _remove(folder), None)
        folder = chaos.new_folder("cache")
        self._part("a file in its place", account, folder, lambda: _replace(folder), None)
        if os.geteuid() == 0:
            with _small_file_system(chaos) as folder:
                self._part("no space", account, folder, lambda: _fill(folder), (folder / "filling").unlink)
        return {
            "wrong": self._wrong, "errors": self._errors, "listings": self._listings, "lines": self._lines,
            "more": self._more,
            "lame": self._lame, "reads": self._reads}

    def _part(self, name, account, folder, begin, heal):
        """Reads everything with a disk that is well, then that isn't, and again after it was healed."""
        chaos = self._chaos
        log = f"disk-{name.replace(' ', '-')}"
        served = list(account.recordings.values())
        options = (
            "--cache-size", "1G", "--cache-min-free", "0", "--memory", "16M", "--refresh", str(_REFRESH))
        with chaos.mount_of(account, *options, cache=folder, name=log) as mounted:
            for kind, _ in _KINDS:
                mounted.await_list(kind, 60)
            # Half of it: the rest isn't there when the disk goes.
            self._read(mounted, chaos.random.sample(served, len(served) // 2))
            chaos.note("fault", disk=name)
            self._part_listings = 0
            begin()
            for turn in range(3):
                if turn == 2:
                    # By now, all has been said.
                    before = self._complaints(log)
                self._read(mounted, chaos.random.sample(served, len(served)))
                _drop_pages(mounted, served)
            self._listings = max(self._listings, self._part_listings)
            complaints = self._complaints(log)
            of_cache = [line for line in complaints if "disk cache" in line]
            self._lines = max(self._lines, len(of_cache))
            self._more += len(complaints) - len(before)
            chaos.note("log", disk=name, lines=len(complaints), of_cache=len(of_cache), first=complaints[:12])
            if heal:
                heal()
                chaos.note("healed", disk=name)
                self._read(mounted, served)
        # The next mount uses it as any other.
        if heal:
            with chaos.mount_of(account, *options, cache=folder, name=f"{log}-next") as mounted:
                self._lame += not wait_until(lambda: self._is_used(mounted, served), 30)

    def _is_used(self, mounted, served):
        """Whether the disk cache has anything when files are read once more."""
        self._read(mounted, served)
        _drop_pages(mounted, served)
        return mounted.status()["bytes"]["from_disk_cache"] > 0

    def _complaints(self, log):
        """What the log tells of failures, refreshes and single damaged blocks aside."""
        return [
            line for line in self._chaos.log_lines(log)
            if re.search(" (warning|error): ", line)
            and not re.search("the list of .* failed|calls|cached block", line)]

    def _read(self, mounted, served):
        for one in served:
            self._reads += 1
            try:
                os.listdir((mounted.path / one.place).parent)
            except OSError as error:
                self._part_listings += 1
                self._chaos.note("listing", place=one.place, error=str(error))
            try:
                is_right = (mounted.path / one.place).read_bytes() == one.original.read_bytes()
            except OSError as error:
                self._errors += 1
                self._chaos.note("error", place=one.place, error=str(error))
                continue
            if not is_right:
                self._wrong += 1
                self._chaos.note("wrong bytes", place=one.place)


class FailingDisk:
    """A file system whose uses fail when they are to."""

    def __init__(self, chaos):
        self._chaos = chaos
        self._program = chaos.folder / "failing_disk"
        self._control = chaos.folder / "failing_disk.control"
        source = chaos.settings.repository / "Benchmarks/chaos/failing_disk.c"
        flags = run([program("pkg-config"), "--cflags", "--libs", "fuse3"]).decode().split()
        run([_compiler(), "-std=c11", "-O1", "-o", self._program, source, *flags])

    @contextmanager
    def mounted(self):
        """A folder on it, which is well at first."""
        folder, place = self._chaos.new_folder("disk"), self._chaos.new_folder("place")
        self.heal()
        server = self._chaos.server([self._program, self._control, folder, place], "failing_disk")
        try:
            server.await_readiness(lambda: os.path.ismount(place), 20)
            (place / "cache").mkdir(mode=0o700)
            yield place / "cache"
        finally:
            self.heal()
            subprocess.run([program("fusermount3"), "-uz", str(place)], check=False)
            server.end()

    def fail(self, readings=0, changes=0, of_thousand=1000):
        """Has so many uses fail with these errors, if there are any."""
        seed = self._chaos.random.randrange(1 << 30)
        self._write(of_thousand if readings else 0, readings, of_thousand if changes else 0, changes, seed)

    def heal(self):
        self._write(0, 0, 0, 0, 0)

    def _write(self, *numbers):
        # In place: it is in the program's memory.
        descriptor = os.open(self._control, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.pwrite(descriptor, struct.pack("5i", *numbers), 0)
        finally:
            os.close(descriptor)


def _compiler():
    for name in ("cc", "gcc", "clang"):
        if shutil.which(name):
            return name
    raise BenchError("there is no C compiler: install gcc")


def _drop_pages(mounted, served):
    """Has the kernel forget what it has of files, so that the next reading comes to the mount."""
    for one in served:
        try:
            descriptor = os.open(mounted.path / one.place, os.O_RDONLY)
        except OSError:
            continue
        try:
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        finally:
            os.close(descriptor)


def _remove(folder):
    # The mount may make files in it meanwhile.
    if not wait_until(lambda: shutil.rmtree(folder, ignore_errors=True) or not folder.exists(), 10):
        raise BenchError(f"{folder} can't be removed")


def _replace(folder):
    away = Path(f"{folder}.away")
    folder.rename(away)
    folder.write_text("not a folder\n")
    shutil.rmtree(away, ignore_errors=True)


@contextmanager
def _small_file_system(chaos):
    place = chaos.new_folder("tmpfs")
    run([program("mount"), "-t", "tmpfs", "-o", "size=48m,mode=700", "tmpfs", place])
    try:
        yield place
    finally:
        run([program("umount"), "-l", place])


def _fill(folder):
    """Leaves nothing of a file system."""
    with open(folder / "filling", "wb", buffering=0) as file:
        for size in (MIB, 4 * KIB):
            try:
                while True:
                    file.write(bytes(size))
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise
