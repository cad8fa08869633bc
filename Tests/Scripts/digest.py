"""Reads all of a file, and prints its SHA-256.

    digest.py forwards | backwards | paused FILE
    digest.py watched FILE SIZE
"""

import hashlib
import os
import sys
import time


def in_order(path, is_backwards):
    file = os.open(path, os.O_RDONLY)
    size, step = os.fstat(file).st_size, 100_000
    offsets = list(range(0, size, step))
    parts = {offset: os.pread(file, step, offset) for offset in (offsets[::-1] if is_backwards else offsets)}
    return [parts[offset] for offset in offsets]


def forwards(path):
    return in_order(path, False)


def backwards(path):
    return in_order(path, True)


def rest(file):
    parts = []
    while part := file.read(65536):
        parts.append(part)
    return parts


def paused(path):
    """With a pause near the beginning, longer than an address lives: read-ahead ends long before the file does."""
    with open(path, "rb", buffering=0) as file:
        first = file.read(65536)
        time.sleep(2.5)
        return [first, *rest(file)]


def watched(path, size):
    """Reads the end through other descriptors meanwhile; prints a line if it or the size is another."""
    size = int(size)
    with open(path, "rb", buffering=0) as file:
        first = file.read(1000)
        for _ in range(3):
            try:
                with open(path, "rb") as other:
                    other.seek(size - 1000)
                    if len(other.read()) != 1000:
                        print("the end is missing")
            except OSError:
                pass
            if os.stat(path).st_size != size:
                print("the size is", os.stat(path).st_size)
        return [first, *rest(file)]


def main(way, *arguments):
    ways = {"forwards": forwards, "backwards": backwards, "paused": paused, "watched": watched}
    print(hashlib.sha256(b"".join(ways[way](*arguments))).hexdigest())


main(*sys.argv[1:])
