"""What a run of the benchmark is made with: sizes, numbers of runs, folders, programs."""

import os
import secrets
import shutil
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

KIB = 1 << 10
MIB = 1 << 20
GIB = 1 << 30


def _seed(quick):
    """The SEED of the environment; else another each time, but the same for each quick run."""
    given = os.environ.get("SEED", "")
    if given and not given.isdecimal():
        raise SystemExit(f"chaos: SEED is a whole number, and not {given}")
    return int(given) if given else 1 if quick else secrets.randbelow(1_000_000)


class BenchError(Exception):
    """Something that keeps a row from being measured, in a sentence."""


@dataclass(frozen=True)
class Sizes:
    """How much is read, and how often."""

    runs: int = 5
    # A contestant that has taken so many seconds altogether gets no further run: the table then tells how many it had.
    patience: float = 150
    large: int = GIB
    distant: int = 256 * MIB
    film_seconds: int = 600
    random_reads: int = 200
    first_bytes: int = 11
    backup_files: int = 2000
    tutorial_files: int = 100
    readers: int = 64
    reader_size: int = 64 * MIB
    attribute_calls: int = 50_000
    # The table of the catalog. Its rows take minutes, so most have fewer runs.
    long_runs: int = 3
    recordings: int = 1_000_000
    stat_calls: int = 2000
    sized_recordings: int = 10_000
    probed_recordings: int = 300
    copied_recordings: int = 100_000
    is_quick: bool = False

    @staticmethod
    def quick():
        """Sizes for a run that shows that everything works, and says little about speed."""
        return Sizes(
            runs=2, patience=5, large=64 * MIB, distant=32 * MIB, film_seconds=60, random_reads=40, first_bytes=3,
            backup_files=60, tutorial_files=10, readers=16, reader_size=8 * MIB, attribute_calls=20_000,
            long_runs=1, recordings=20_000, stat_calls=200, sized_recordings=1000, probed_recordings=50,
            copied_recordings=2000, is_quick=True)


@dataclass(frozen=True)
class Settings:
    """One run's choices, from the environment that `make bench` hands on."""

    quick: bool
    rows: list  # names; all rows when it is empty
    repository: Path
    folder: Path  # outlives the run: the plaintext media
    twiliofs: Path
    simulator: Path
    sizes: Sizes = field(default_factory=Sizes)
    seed: int = 1  # what the faults of the table of chaos are chosen with

    @staticmethod
    def from_environment():
        quick = os.environ.get("QUICK", "") not in ("", "0")
        default_folder = Path(tempfile.gettempdir()) / "twiliofs-bench"
        repository = Path(__file__).resolve().parent.parent
        return Settings(
            quick=quick,
            rows=os.environ.get("ROWS", "").replace(",", " ").split(),
            repository=repository,
            folder=Path(os.environ.get("BENCH_FOLDER") or default_folder),
            twiliofs=Path(os.environ.get("TWILIOFS") or repository / ".build/release/twiliofs"),
            simulator=Path(os.environ.get("SIMULATOR") or repository / ".build/release/twilio-simulator"),
            sizes=Sizes.quick() if quick else Sizes(),
            seed=_seed(quick))


def program(name):
    """The path of an installed program; nginx stands where only root's PATH leads to."""
    path = shutil.which(name) or shutil.which(name, path="/usr/sbin:/sbin")
    if path is None:
        raise BenchError(f"the program {name} is missing: run 'scripts/install-dependencies bench'")
    return path
