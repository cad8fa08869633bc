"""Holds a file open while a test changes what is behind it; prints the outcome of each read.

    held_file.py changed FILE MARKER
    held_file.py deleted FILE ORIGINAL FOLDER
    held_file.py shrunk FILE SIZE FOLDER

A test waits for the lines, and makes files that this waits for.
"""

import errno
import os
import sys
import time


def tell(text):
    print(text, flush=True)


def wait_for(path):
    while not os.path.exists(path):
        time.sleep(0.01)


def name_of(error):
    return errno.errorcode[error.errno]


def changed(path, marker):
    """Reads the beginning, and once more after the change."""
    file = os.open(path, os.O_RDONLY)
    first = os.pread(file, 4096, 0)
    tell("read")
    wait_for(marker)
    try:
        tell("same" if os.pread(file, 4096, 0) == first else "other")
    except OSError as error:
        tell(name_of(error))


def deleted(path, original, folder):
    """Reads what is there and what isn't after the deletion, and once more when it is noticed."""
    file = os.open(path, os.O_RDONLY)
    size, first = os.fstat(file).st_size, os.pread(file, 4096, 0)
    tell("open")
    wait_for(folder + "/deleted")
    with open(original, "rb") as expected:
        assert os.pread(file, 4096, 0) == first == expected.read(4096)
    try:
        os.pread(file, 4096, size // 2)
    except OSError as error:
        tell(name_of(error))
    wait_for(folder + "/noticed")
    assert os.pread(file, 4096, 0) == first
    assert not os.path.exists(path)
    try:
        os.fstat(file)
    except OSError as error:
        assert error.errno == errno.ESTALE
    tell("done")


def shrunk(path, size, folder):
    """Reads three quarters into the file, and on from there when it is shorter."""
    with open(path, "rb", buffering=0) as file:
        file.seek(int(size) * 3 // 4)
        file.read(1000)
        tell("open")
        wait_for(folder + "/go")
        try:
            tell("it went on" if file.read(1000) else "it ended early")
        except OSError as error:
            tell(name_of(error))


{"changed": changed, "deleted": deleted, "shrunk": shrunk}[sys.argv[1]](*sys.argv[2:])
