"""Maps a resource's file into memory, and checks its SID.

    map_resource.py FILE SID
"""

import json
import mmap
import sys


def main(path, sid):
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ) as memory:
        assert json.loads(memory[:])["sid"] == sid


main(*sys.argv[1:])
