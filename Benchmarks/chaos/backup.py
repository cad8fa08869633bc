"""A backup through a service that fails as often as not."""

import hashlib
import subprocess

from chaos import faults
from chaos.harness import none, row, told
from media import Noise, Original
from processes import ENVIRONMENT
from settings import KIB, program

_KINDS = (("recordings", "wav"), ("video-recordings", "mka"), ("compositions", "mp4"))
_SIZES = (1, 3 * KIB, 64 * KIB, 100 * KIB, 128 * KIB + 1, 300 * KIB, 1100 * KIB)


def rows(sizes):
    count = 60 if sizes.is_quick else 500
    figures = (
        none(f"rsync -a of {count} files through faults: files that are wrong or missing", "wrong"),
        none("… errors that rsync saw", "errors"),
        told("… its time", "s", "time"))
    return [row("rsync", figures, lambda chaos: _measure(chaos, count), (faults.NOTE,))]


def _originals(chaos, count):
    """Files of all kinds and of sizes around those that mean something."""
    for number in range(count):
        kind, extension = _KINDS[number % len(_KINDS)]
        yield Original(kind, f"file-{number:04}.{extension}", Noise(chaos.random.choice(_SIZES)))


def _measure(chaos, count):
    account = chaos.account(list(_originals(chaos, count)))
    faults.begin(chaos, account)
    mounted = chaos.mounted(account)
    target = chaos.new_folder("copy")
    mark = chaos.clock()
    folders = [f"{mounted.path}/{kind}" for kind, _ in _KINDS]
    result = subprocess.run(
        [program("rsync"), "-a", *folders, target], capture_output=True, text=True, errors="replace", env=ENVIRONMENT)
    seconds = chaos.clock() - mark
    lines = result.stderr.splitlines()
    if lines:
        chaos.note("rsync", status=result.returncode, lines=lines[:100])
    wrong = [served.place for served in account.recordings.values() if not _is_right(target / served.place, served)]
    if wrong:
        chaos.note("wrong", places=wrong[:100])
    return {"wrong": len(wrong), "errors": len(lines) or result.returncode, "time": seconds}


def _is_right(copy, served):
    return copy.exists() and _digest(copy) == _digest(served.original)


def _digest(path):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").digest()
