"""Reads files while signals come all the time that it handles; prints how many came, and a line for each difference.

    read_under_signals.py FILE ORIGINAL [FILE ORIGINAL …]
"""

import signal
import sys

count = 0


def handle(number, frame):
    global count
    count += 1


signal.signal(signal.SIGALRM, handle)
signal.setitimer(signal.ITIMER_REAL, 0.005, 0.005)
for path, original in zip(sys.argv[1::2], sys.argv[2::2]):
    with open(path, "rb", buffering=0) as file, open(original, "rb") as expected:
        while True:
            piece = file.read(65536)
            if piece != expected.read(65536):
                print("different:", path)
                break
            if not piece:
                break
signal.setitimer(signal.ITIMER_REAL, 0)
print(count)
