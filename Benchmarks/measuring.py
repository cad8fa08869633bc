"""How figures come about: contestants take turns, and medians are compared."""

import mmap
import statistics
import time
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Bar:
    """What a ratio has to reach, or may not exceed."""

    value: float
    is_ceiling: bool = False
    aim: float = 0

    def __str__(self):
        text = f"{'≤' if self.is_ceiling else '≥'} {self.value:g}"
        return f"{text}, aim {self.aim:g}" if self.aim else text

    def verdict(self, ratio):
        if not self.value:
            return "met" if not ratio else f"missed by {ratio:g}"
        missing = ratio / self.value - 1 if self.is_ceiling else 1 - ratio / self.value
        return "met" if missing <= 0 else f"missed by {100 * missing:.0f} %"


@dataclass(frozen=True)
class Outcome:
    """One line of the table."""

    name: str
    figure: str
    peer_name: str
    ours: str
    peer: str
    ratio: float
    bar: object  # a Bar; None where the figure is only reported
    runs: int
    notes: list = field(default_factory=list)

    @property
    def verdict(self):
        return self.bar.verdict(self.ratio) if self.bar else "reported"


def limited(row, figure, amount, limit, write, runs, notes=()):
    """A line whose bar is an amount of its own, which may not be exceeded.

    `write` makes the text of an amount.
    """
    return Outcome(
        row.name, figure, "what is allowed", write(amount), write(limit), amount / limit, Bar(1, is_ceiling=True), runs,
        list(notes))


@dataclass(frozen=True)
class Unavailable:
    """A line that can't be measured, with the reason."""

    name: str
    figure: str
    reason: str
    is_failure: bool = True


@dataclass(frozen=True)
class Row:
    """A measurement that ROWS can select; it gives one line of the table or several."""

    name: str
    figure: str
    account: object  # rows with the same share an account; its text is a name
    originals: list  # the files of it, unless it is generated
    measure: object  # takes a Bench, gives Outcomes


def touch_memory(size):
    """Has the system hold so much free memory at hand.

    A virtual machine's host takes back memory that is free for long; the first to use it then waits for the host. Who reads
    through the page cache uses much, a pipe uses none: without this, luck would decide how often one has to wait.
    """
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | getattr(mmap, "MAP_POPULATE", 0)
    mmap.mmap(-1, size, flags=flags).close()


def alternate(sizes, runs=None, memory=0, **contestants):
    """Lets contestants take turns, and gives the median of what each one's runs gave, and the number of runs.

    Each is called without arguments and gives a number. The order changes with each round, so that nobody always comes
    after the same neighbour. Before each run, `memory` bytes of free memory are touched.
    """
    values = {name: [] for name in contestants}
    spent = dict.fromkeys(contestants, 0.0)
    for turn in range(runs or sizes.runs):
        order = list(contestants) if turn % 2 == 0 else list(reversed(contestants))
        if turn > 0 and max(spent.values()) > sizes.patience:
            break
        for name in order:
            if memory:
                touch_memory(memory)
            start = time.monotonic()
            values[name].append(contestants[name]())
            spent[name] += time.monotonic() - start
    return {name: statistics.median(list_) for name, list_ in values.items()}, min(map(len, values.values()))


def speed(size, seconds):
    """Bytes in a time, as people write it."""
    rate = size / seconds
    if rate >= 1e9:
        return f"{rate / 1e9:.2f} GB/s"
    return f"{rate / 1e6:.{1 if rate < 1e8 else 0}f} MB/s"


def duration(seconds):
    """A time, as people write it."""
    if seconds < 0.001:
        return f"{seconds * 1e6:.2f} µs"
    return f"{seconds * 1e3:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"
