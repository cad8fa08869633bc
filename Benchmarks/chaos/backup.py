"""A backup through a service that fails as often as not."""

import hashlib
import subprocess

from chaos import faults, library
from chaos.harness import none, row, told
from processes import ENVIRONMENT
from settings import program


def rows(sizes):
    count = 20 if sizes.is_quick else 500
    figures = (
        none(f"rsync -a of {count} files through faults: files that are wrong or missing", "wrong"),
        none("… errors that rsync saw", "errors"),
        told("… its time", "s", "time"))
    return [row("rsync", figures, lambda chaos: _measure(chaos, count), (faults.NOTE,))]


def _measure(chaos, count):
    account = chaos.account(library.originals(chaos, count, library.SMALL))
    faults.begin(chaos, account)
    mounted = chaos.mounted(account)
    target = chaos.new_folder("copy")
    mark = chaos.clock()
    folders = [f"{mounted.path}/{kind}" for kind in library.KINDS]
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
