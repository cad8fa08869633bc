"""Opens paths, or looks them up.

    open_paths.py names PATH…
        opens each without the file: asks for its name alone
    open_paths.py often PATH
        opens one a thousand times, whether or not that fails
    open_paths.py missing FOLDER
        reads paths in a folder, with NUL bytes between them; prints a line for each that isn't missing
"""

import errno
import os
import sys


def names(*paths):
    for path in paths:
        os.close(os.open(path, os.O_PATH))


def often(path):
    for _ in range(1000):
        try:
            os.close(os.open(path, os.O_RDONLY))
        except OSError:
            pass


def missing(folder):
    paths = os.fsdecode(sys.stdin.buffer.read()).split("\0")
    os.chdir(folder)
    for path in paths:
        try:
            os.stat(path)
            print("there:", ascii(path))
        except OSError as error:
            if error.errno != errno.ENOENT:
                print(errno.errorcode[error.errno], ascii(path))


{"names": names, "often": often, "missing": missing}[sys.argv[1]](*sys.argv[2:])
