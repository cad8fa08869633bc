"""Other people's test programs, as far as they make sense where nothing can be written."""

import ctypes
import errno
import os
import re
import shutil
import subprocess
from pathlib import Path

from chaos.harness import none, row, told
from media import Noise, Original
from processes import ENVIRONMENT, run
from settings import KIB, MIB, BenchError

_KINDS = (("recordings", "wav"), ("video-recordings", "mka"), ("compositions", "mp4"))
_STRESSED = 2  # threads or processes of each kind
_HELPERS = ("fssum", "t_dir_offset2", "seek_sanity_test", "mmapcat", "open_by_handle")
# What of xfstests differs here: doc/semantics.md explains.
_DIFFERENCES = {
    "seek_sanity_test": "makes the files that it seeks in, which a read-only file system refuses with EROFS",
    "open_by_handle": "makes the files whose handles it opens, which a read-only file system refuses with EROFS",
}


def rows(sizes):
    stress = (
        none("stress-ng over the mount: failures", "failures"),
        none("… files that are wrong afterwards", "wrong"),
        told("… its operations", "1", "operations"),
        told("… stressors that ran", "1", "stressors"),
    )
    helpers = (
        none(f"xfstests' {', '.join(_HELPERS)}: unexplained failures", "failures"),
        told("… helpers that passed", "1", "passed"),
        told("… that differ as doc/semantics.md explains", "1", "explained"),
        told("… that aren't there", "1", "missing"),
    )
    return [
        row("stress-ng", stress, _stress, (
            "most of its stressors of files make their own first. These take what is there: fstat of the "
            "mount's files; "
            "sysfs, which lists, reads, maps and polls everything below /sys, and getdent, for which the "
            "mount is in the "
            "place of /sys. sysinfo isn't run: it asks every mount of the machine.",)),
        row("xfstests", helpers, _helpers, (
            "the helpers are looked for in $XFSTESTS and in its folder src. To get them: git clone "
            "https://git.kernel.org/pub/scm/fs/xfs/xfstests-dev.git, its README's packages, make; then "
            "XFSTESTS=that folder. Differences: " + "; ".join(
                f"{name} {text}" for name, text in _DIFFERENCES.items())
            + "; the same calls are made with files that are there.",)),
    ]


def _account(chaos, count):
    originals = []
    for number in range(count):
        kind, extension = _KINDS[number % len(_KINDS)]
        size = chaos.random.choice((1, 3 * KIB, 300 * KIB, MIB + 5))
        originals.append(Original(kind, f"file-{number}.{extension}", Noise(size)))
    return chaos.account(originals)


def _mounted(chaos, account):
    mounted = chaos.mounted(account)
    for kind, _ in _KINDS:
        mounted.await_list(kind, 60)
    return mounted


# stress-ng


def _stress(chaos):
    stress = shutil.which("stress-ng")
    if not stress:
        raise BenchError("skipped: stress-ng isn't installed: apt-get install stress-ng")
    account = _account(chaos, chaos.amount(60, 12))
    mounted = _mounted(chaos, account)
    seconds = chaos.amount(60, 1)
    arguments = [("fstat", "--fstat", _STRESSED, "--fstat-dir", mounted.path / "recordings")]
    prefix = _in_place_of_sysfs(mounted)
    if prefix:
        arguments += [("sysfs", "--sysfs", _STRESSED), ("getdent", "--getdent", _STRESSED)]
    else:
        chaos.note("skipped: only root may put the mount in the place of /sys", stressors=["sysfs", "getdent"])
    failures = operations = 0
    for name, *own in arguments:
        command = [
            *prefix, stress, *own, "--timeout", f"{seconds}s", "--temp-path", chaos.new_folder("stress"),
            "--metrics-brief", "--verify", "--seed", chaos.seed() % 2**32]
        result = subprocess.run(
            [str(argument) for argument in command], capture_output=True, text=True, errors="replace", env=ENVIRONMENT,
            timeout=seconds + 100, check=False)
        text = result.stdout + result.stderr
        found = re.search(rf"metrc.* {name} +(\d+)", text)
        done = int(found[1]) if found else 0
        has_failed = result.returncode != 0 or " fail:" in text or not done
        failures += has_failed
        operations += done
        chaos.note(
            "stressor", name=name, status=result.returncode, failed=has_failed, operations=done, text=text[-900:])
    return {
        "failures": failures, "wrong": _wrong(mounted, account), "operations": operations, "stressors": len(arguments)}


def _in_place_of_sysfs(mounted):
    """The beginning of a command line for whose programs /sys is the mount: they use what is there."""
    prefix = ("unshare", "--mount", "sh", "-c", f'mount --bind "{mounted.path}" /sys && exec "$0" "$@"')
    can = os.geteuid() == 0 and subprocess.run([*prefix, "true"], capture_output=True, check=False).returncode == 0
    return prefix if can else ()


def _wrong(mounted, account):
    served = account.recordings.values()
    return sum((mounted.path / one.place).read_bytes() != one.original.read_bytes() for one in served)


# xfstests


def _helpers(chaos):
    folders = [Path(folder) / below for folder in [os.environ.get("XFSTESTS")] if folder for below in ("", "src")]
    account = _account(chaos, chaos.amount(300, 30))
    mounted = _mounted(chaos, account)
    helpers = _Helpers(chaos, mounted, account)
    results = {"passed": 0, "explained": 0, "failures": 0, "missing": 0}
    for name in _HELPERS:
        path = next((folder / name for folder in folders if os.access(folder / name, os.X_OK)), None)
        if path is None:
            chaos.note("skipped: not found", name=name)
            results["missing"] += 1
            continue
        outcome, text = getattr(helpers, name)(path)
        results["failures" if outcome not in results else outcome] += 1
        chaos.note(outcome, name=name, text=text[-600:])
    return results


class _Helpers:
    """What each helper is given, and what it has to say."""

    def __init__(self, chaos, mounted, account):
        self._chaos = chaos
        self._path = mounted.path
        self._served = list(account.recordings.values())

    @staticmethod
    def _run(*arguments):
        result = subprocess.run(
            [str(argument) for argument in arguments], capture_output=True, env=ENVIRONMENT, timeout=200, check=False)
        return result.returncode, result.stdout, result.stderr.decode(errors="replace")

    def fssum(self, program):
        """The sum of names, sizes, modes and contents is that of a copy."""
        copy = self._chaos.new_folder("copy")
        run(["cp", "-a", self._path / "recordings", copy])
        folders = [parent / "recordings" for parent in (self._path, copy)]
        sums = [self._run(program, "-f", "-U", "-G", folder) for folder in folders]
        is_same = sums[0][:2] == sums[1][:2] and sums[0][0] == 0 and sums[0][1]
        return "passed" if is_same else "failed", str(sums)

    def t_dir_offset2(self, program):
        """Seeking to each entry's cookie finds the entry that follows."""
        texts = []
        for folder, _ in _KINDS:
            status, _, text = self._run(program, self._path / folder)
            texts.append(text)
            if status:
                return "failed", text
        return "passed", " ".join(texts)

    def mmapcat(self, program):
        """A mapped file has the file's bytes."""
        for one in self._served:
            if one.size % 4096 == 0:
                continue
            status, found, text = self._run(program, self._path / one.place)
            # It stops at the first byte that is zero, if only at the one behind the file's end.
            if status or found != one.original.read_bytes().split(b"\0")[0]:
                return "failed", f"{one.place}: {status} {text}"
        return "passed", ""

    def seek_sanity_test(self, program):
        """It can only begin by making a file; those that are there have no holes."""
        status, out, text = self._run(program, self._path / "recordings/seek_sanity")
        for one in self._served:
            with open(self._path / one.place, "rb") as file:
                ends = [os.lseek(file.fileno(), 0, way) for way in (os.SEEK_DATA, os.SEEK_HOLE)]
                ends += [_errno(os.lseek, file.fileno(), one.size, way) for way in (os.SEEK_DATA, os.SEEK_HOLE)]
            if ends != [0, one.size, errno.ENXIO, errno.ENXIO]:
                return "failed", f"{one.place}: {ends}"
        return self._refused(status, text + out.decode(errors="replace"))

    def open_by_handle(self, program):
        """It can only begin by making files; the handles of those that are there open them."""
        status, out, text = self._run(program, "-c", self._path / "recordings", 1)
        folder = os.open(self._path, os.O_RDONLY)
        try:
            for one in self._served:
                with open(_open_by_handle(folder, self._path / one.place), "rb") as file:
                    if file.read() != one.original.read_bytes():
                        return "failed", f"{one.place}: its handle opens something else"
        except OSError as error:
            return "failed", f"{one.place}: {error}"
        finally:
            os.close(folder)
        return self._refused(status, text + out.decode(errors="replace"))

    @staticmethod
    def _refused(status, text):
        """Whether a helper ended because it couldn't make a file."""
        if status == 0:
            return "passed", text
        return ("explained" if re.search(r"Read-only file system|ERROR 30|create", text) else "failed"), text


def _errno(function, *arguments):
    """The error of a call; its result where it has none."""
    try:
        return function(*arguments)
    except OSError as error:
        return error.errno


class _Handle(ctypes.Structure):
    _fields_ = [("size", ctypes.c_uint), ("type", ctypes.c_int), ("bytes", ctypes.c_ubyte * 128)]


def _open_by_handle(folder, path):
    """Opens a file by the handle that the kernel gives for its path."""
    library = ctypes.CDLL(None, use_errno=True)
    handle, number = _Handle(size=128), ctypes.c_int()
    if library.name_to_handle_at(-100, os.fsencode(path), ctypes.byref(handle), ctypes.byref(number), 0) != 0:
        raise OSError(ctypes.get_errno(), f"no handle: {os.strerror(ctypes.get_errno())}")
    descriptor = library.open_by_handle_at(folder, ctypes.byref(handle), os.O_RDONLY)
    if descriptor < 0:
        raise OSError(ctypes.get_errno(), f"not opened by its handle: {os.strerror(ctypes.get_errno())}")
    return descriptor
