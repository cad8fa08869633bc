"""Flips a bit of every file in a disk cache but the index's.

    flip_bits.py FOLDER
"""

import os
import random
import sys


def flip(path):
    with open(path, "r+b") as file:
        file.seek(random.randrange(os.path.getsize(path)))
        byte = file.read(1)[0]
        file.seek(-1, os.SEEK_CUR)
        file.write(bytes([byte ^ 16]))


def main(root):
    random.seed(3)
    for folder, _, names in os.walk(root):
        for name in names:
            path = os.path.join(folder, name)
            if "sqlite" not in name and "index" not in name and os.path.getsize(path):
                flip(path)


main(*sys.argv[1:])
