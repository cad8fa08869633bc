#!/usr/bin/env python3
"""Reads a file in one way and compares it with its original: wait_for_bytes.py WAY FILE ORIGINAL

The status is 0 when it is the same, 3 when it isn't, and 1 when it can't be read. Signals end it as they end programs.
"""

import mmap
import os
import signal
import sys

# Python's own way would wait until the call has returned.
signal.signal(signal.SIGINT, signal.SIG_DFL)


def _read_direct(path):
    file = os.open(path, os.O_RDONLY | os.O_DIRECT)
    memory = mmap.mmap(-1, 1 << 20)
    pieces = []
    while count := os.readv(file, [memory]):
        pieces.append(memory[:count])
        if count % 4096:
            break
    return b"".join(pieces)


def _read_mapped(path):
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as memory:
        return memory[:]


def _send(path):
    with open(path, "rb") as file:
        output, size = os.memfd_create("copy"), os.fstat(file.fileno()).st_size
        while sent := os.sendfile(output, file.fileno(), None, size):
            size -= sent
        return os.pread(output, 1 << 30, 0)


def _read(path):
    with open(path, "rb", buffering=0) as file:
        return file.read()


_WAYS = {"read": _read, "whole": _read, "direct": _read_direct, "mmap": _read_mapped, "sendfile": _send}

if __name__ == "__main__":
    way, place, original = sys.argv[1:]
    # Whoever has started it waits for this: a signal that comes earlier finds no reader.
    print("reads", flush=True)
    try:
        content = _WAYS[way](place)
    except OSError:
        sys.exit(1)
    sys.exit(0 if content == _read(original) else 3)
