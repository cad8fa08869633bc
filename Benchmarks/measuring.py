"""Contestants that take turns."""

import mmap
import time

OURS = "twiliofs"


def touch_memory(size):
    """Has the system hold so much free memory at hand.

    A virtual machine's host takes back memory that is free for long; the first to use it then waits for the host. A
    reader through the page cache uses much, a pipe uses none: without this, luck would decide who has to wait.
    """
    flags = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | getattr(mmap, "MAP_POPULATE", 0)
    mmap.mmap(-1, size, flags=flags).close()


def alternate(contestants, runs, patience, memory=0):
    """Lets contestants, by name, take turns; yields run, name and result, a dictionary by figures' keys.

    The order changes with each run, so that nobody always comes after the same neighbour. A contestant that has taken
    longer than `patience` seconds altogether gets no further run.
    """
    spent = dict.fromkeys(contestants, 0.0)
    for run in range(runs):
        if run > 0 and max(spent.values()) > patience:
            break
        for name in list(contestants) if run % 2 == 0 else list(reversed(contestants)):
            if memory:
                touch_memory(memory)
            start = time.monotonic()
            result = contestants[name]()
            spent[name] += time.monotonic() - start
            yield run, name, result if isinstance(result, dict) else {"": result}
