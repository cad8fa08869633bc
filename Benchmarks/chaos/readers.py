"""read-exerciser: reads that are compared with the originals, and what is told of them."""

import json
import os
import subprocess
import time
from dataclasses import dataclass, field

from chaos.harness import none
from processes import ENVIRONMENT, wait_until
from settings import BenchError


@dataclass
class Tally:
    """What the program has counted (Tests/ReadExerciser/Tally.swift)."""

    reads: int = 0
    bytes: int = 0
    wrong: int = 0
    errors: int = 0
    late: int = 0
    longest: float = 0
    ways: dict = field(default_factory=dict)
    numbers: dict = field(default_factory=dict)
    examples: list = field(default_factory=list)

    def add(self, other):
        self.reads += other.reads
        self.bytes += other.bytes
        self.wrong += other.wrong
        self.errors += other.errors
        self.late += other.late
        self.longest = max(self.longest, other.longest)


class Exercise:
    """A run of the program, which goes on beside what else is done until `tally` is asked for."""

    def __init__(self, chaos, recordings, path, name, prefix=(), **choices):
        self._chaos = chaos
        self._name = name
        self._plan = choices | {"seed": chaos.seed(), "deadline": chaos.deadline}
        listed = chaos.new_folder("files") / "list"
        listed.write_text("".join(f"{path / one.place}\t{one.original}\n" for one in recordings), encoding="utf-8")
        words = [f"{key}={value}" for key, value in self._plan.items()]
        arguments = [*prefix, chaos.program("read-exerciser"), listed, *words]
        self._process = chaos.enter(_Process([str(word) for word in arguments]))

    def tally(self):
        """Waits for the end."""
        output, errors = self._process.child.communicate()
        if self._process.child.returncode != 0:
            raise BenchError(f"read-exerciser ended with {self._process.child.returncode}: {errors.strip()[-400:]}")
        tally = Tally(**json.loads(output))
        self._chaos.note("reads", name=self._name, plan=self._plan, **tally.__dict__)
        return tally


class _Process:
    """A child that ends with the `with` block."""

    def __init__(self, arguments):
        self._arguments = arguments
        self.child = None

    def __enter__(self):
        self.child = subprocess.Popen(
            self._arguments, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            env=ENVIRONMENT)
        return self

    def __exit__(self, *_):
        if self.child.poll() is None:
            self.child.kill()
        self.child.communicate()


def exercise(chaos, recordings, path, name, **choices):
    """Reads, and gives what was counted."""
    return Exercise(chaos, recordings, path, name, **choices).tally()


def wrong(text):
    """The figure of reads with wrong bytes."""
    return none(f"{text}: reads with wrong bytes", "wrong")


def late():
    """The figure of reads past the deadline."""
    return none("… reads that took longer than the deadline", "late")


def await_reading(paths, seconds=120):
    """The seconds until all of some files can be read that the kernel knows no bytes of."""
    begin = time.monotonic()

    def is_readable():
        try:
            for path in paths:
                with open(path, "rb") as file:
                    os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
                    file.read()
        except OSError:
            return False
        return True

    wait_until(is_readable, seconds, interval=0.1)
    return time.monotonic() - begin
