"""Reads a file and its original in the same way; fails where bytes differ.

    compare_reads.py random | mapped | middle | scattered FILE ORIGINAL
"""

import mmap
import os
import random
import sys


def compare(files, count, offset):
    found, expected = (os.pread(file, count, offset) for file in files)
    assert found == expected, f"{len(found)} bytes at {offset} are wrong"


def at_random(files, size):
    """500 reads of all sizes, and reads behind the end."""
    random.seed(7)
    assert os.fstat(files[0]).st_size == size
    for _ in range(500):
        offset = random.randrange(size + 1)
        compare(files, random.choice([1, 16, 17, 512, 4096, 4097, 65536, 200000]), offset)
    for offset in (size, size + 1000):
        assert os.pread(files[0], 10, offset) == b""


def mapped(files, size):
    """Through memory, the end first, then the middle: pages are read in no order."""
    found, expected = (mmap.mmap(file, 0, prot=mmap.PROT_READ) for file in files)
    assert len(found) == len(expected)
    for start in (size - 5000, size // 2, 0):
        assert found[start:start + 5000] == expected[start:start + 5000]
    assert found[:] == expected[:]


def middle(files, size):
    """One read in the middle."""
    compare(files, 4096, size // 2)


def scattered(files, size):
    """Ten reads of a thousand bytes."""
    random.seed(3)
    for _ in range(10):
        compare(files, 1000, random.randrange(size))


def main(way, *paths):
    files = [os.open(path, os.O_RDONLY) for path in paths]
    ways = {"random": at_random, "mapped": mapped, "middle": middle, "scattered": scattered}
    ways[way](files, os.fstat(files[1]).st_size)


main(*sys.argv[1:])
