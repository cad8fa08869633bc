"""Lists a mount, and opens and reads its files, again and again until a file appears; another is read slowly.

    read_always.py END MOUNT SLOW DIGEST FILE DIGEST…

END is the file that ends it. SLOW is opened once, and read to its end, a piece each round and the rest at the end;
DIGEST is its SHA-256. Each round lists the folders of the FILEs, and reads them; anything but success
and the right bytes ends it.
Prints the number of rounds.
"""

import hashlib
import os
import sys


def main(end, mount, slow, slow_digest, *files):
    files = dict(zip(files[::2], files[1::2]))
    held = open(os.path.join(mount, slow), "rb", buffering=0)
    digest = hashlib.sha256()
    rounds = 0
    while not os.path.exists(end):
        for name, expected in files.items():
            path = os.path.join(mount, name)
            assert os.path.basename(path) in os.listdir(os.path.dirname(path)), path
            assert os.listdir(mount), mount
            with open(path, "rb") as file:
                found = hashlib.sha256(file.read()).hexdigest()
            assert found == expected, path
        digest.update(held.read(1000))
        rounds += 1
        print(rounds, flush=True)
    while piece := held.read(65536):
        digest.update(piece)
    assert digest.hexdigest() == slow_digest, slow


main(*sys.argv[1:])
