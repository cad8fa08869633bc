"""Reads all of a forged file.

    read_forged.py descriptors FILE
        in three orders; prints a line for each, with the error's name
    read_forged.py memory FILE
        through memory: a page that can't be read is SIGBUS
"""

import errno
import mmap
import os
import random
import sys


def outcome(path, offsets):
    file = os.open(path, os.O_RDONLY)
    try:
        for offset in offsets:
            os.pread(file, 10000, offset)
        return "success"
    except OSError as error:
        return errno.errorcode[error.errno]
    finally:
        os.close(file)


def descriptors(path):
    forwards = list(range(0, os.stat(path).st_size, 10000))
    shuffled = random.Random(1).sample(forwards, len(forwards))
    for name, offsets in [("backwards", forwards[::-1]), ("forwards", forwards), ("shuffled", shuffled)]:
        print(name, outcome(path, offsets))


def memory(path):
    with open(path, "rb") as file:
        sum(mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)[::4096])


{"descriptors": descriptors, "memory": memory}[sys.argv[1]](*sys.argv[2:])
