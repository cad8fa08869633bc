"""Opens a file and reads a byte of it in another thread than the first.

    read_in_thread.py FILE
"""

import sys
import threading


def read(path):
    try:
        with open(path, "rb") as file:
            file.read(1)
    except OSError:
        pass


thread = threading.Thread(target=read, args=[sys.argv[1]])
thread.start()
thread.join()
