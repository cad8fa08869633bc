"""A watch over the processes of a row: which of them sleep so that no signal ends them."""

import os
import threading
import time


def _children_by_parent():
    """The processes of the system, by their parents."""
    children = {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                with open(f"/proc/{name}/stat", encoding="utf-8", errors="replace") as status:
                    # The name, which may have spaces, ends with the last parenthesis.
                    fields = status.read().rpartition(")")[2].split()
            except OSError:
                continue
            children.setdefault(int(fields[1]), []).append(int(name))
    return children


def _descendants(parent):
    children = _children_by_parent()
    left, found = [parent], []
    while left:
        below = children.get(left.pop(), [])
        found += below
        left += below
    return found


def sleeping_threads(pid):
    """The threads of a process in uninterruptible sleep, each with a number that changes when it has run since."""
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return
    for thread in threads:
        try:
            with open(f"/proc/{pid}/task/{thread}/stat", encoding="utf-8", errors="replace") as status:
                name, _, rest = status.read().partition("(")[2].rpartition(")")
            if rest.split()[0] != "D":
                continue
            with open(f"/proc/{pid}/task/{thread}/status", encoding="utf-8", errors="replace") as status:
                switches = next(line for line in status if line.startswith("voluntary_ctxt_switches")).split()[1]
        except (OSError, StopIteration):
            continue
        yield (pid, int(thread), name), int(switches)


class Watch:
    """Looks at this process and all below it, five times a second, for the `with` block."""

    _INTERVAL = 0.2
    # A machine that is busy looks late.
    _GRACE = 5

    def __init__(self, deadline):
        self.stuck = {}  # the longest time by process, thread and name, of those past the deadline
        self.longest = 0.0
        self._deadline = deadline
        self._has_ended = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self.end()

    def end(self):
        """Looks no more."""
        self._has_ended.set()
        self._thread.join()

    @staticmethod
    def _sleeping(pid):
        return sleeping_threads(pid)

    def _look(self):
        since = {}
        while not self._has_ended.wait(self._INTERVAL):
            now = time.monotonic()
            before, since = since, {}
            for pid in [os.getpid(), *_descendants(os.getpid())]:
                for thread, switches in self._sleeping(pid):
                    # A thread that slept twice and ran in between has two sleeps.
                    begin = before.get((thread, switches), now)
                    since[thread, switches] = begin
                    self.longest = max(self.longest, now - begin)
                    if now - begin > self._deadline + self._GRACE:
                        self.stuck[thread] = now - begin
