"""Asks for size and bytes of files in a mount; prints a line for each wrong answer.

    wrong_answers.py MOUNT strict | lenient [ANSWER…]

Reads a line for each file: its path, which is asked for first (stat or read), its size, its SHA-256, and its name,
which begins with the answer that the server gives. An error counts as right, unless strict, or the answer is one of
those named.
"""

import hashlib
import os
import sys


def size(path):
    return str(os.stat(path).st_size)


def digest(path):
    with open(path, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def found(check, path, is_error_right):
    try:
        return check(path)
    except OSError as error:
        return None if is_error_right else str(error)


def main(mount, mode, *unnoticed):
    lines = sys.stdin.read().splitlines()
    os.chdir(mount)
    for line in lines:
        path, order, wanted_size, wanted_digest, name = line.split()
        is_error_right = mode == "lenient" and name.split("-")[0] not in unnoticed
        checks = [(size, wanted_size), (digest, wanted_digest)]
        for check, wanted in checks if order == "stat" else checks[::-1]:
            answer = found(check, path, is_error_right)
            if answer not in (None, wanted):
                print(name, check.__name__, answer, "not", wanted)


main(*sys.argv[1:])
