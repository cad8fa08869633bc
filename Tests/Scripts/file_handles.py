"""Saves file handles of paths, and opens them later.

    file_handles.py save
        reads paths; prints for each its handle, what stat says, and the path
    file_handles.py load ROOT
        reads such lines; prints a line for each handle that doesn't lead to what it was saved of
"""

import ctypes
import os
import stat
import struct
import sys

AT_FDCWD = -100
libc = ctypes.CDLL(None, use_errno=True)


def raise_error(subject):
    raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), subject)


def handle_of(path):
    handle = ctypes.create_string_buffer(struct.pack("Ii", 128, 0), 136)
    mount = ctypes.c_int()
    if libc.name_to_handle_at(AT_FDCWD, path.encode(), handle, ctypes.byref(mount), 0):
        raise_error(path)
    return handle.raw[:8 + struct.unpack("I", handle.raw[:4])[0]].hex()


def open_handle(root, text):
    data = bytearray.fromhex(text)
    file = libc.open_by_handle_at(root, (ctypes.c_char * len(data)).from_buffer(data), os.O_PATH)
    if file < 0:
        raise_error(text)
    return file


def describe(file):
    """Number, mode, size and target; no size of what changes all the time."""
    is_path = isinstance(file, str)
    status = os.stat(file, follow_symlinks=False) if is_path else os.fstat(file)
    link = None
    if stat.S_ISLNK(status.st_mode):
        link = os.readlink(file) if is_path else os.readlink("", dir_fd=file)
    size = 0 if ".twiliofs" in str(file) or stat.S_ISDIR(status.st_mode) else status.st_size
    return [status.st_ino, oct(status.st_mode), size, link]


def save():
    for path in sys.stdin.read().split():
        print(handle_of(path), *describe(path), path)


def check(root, text, expected, path):
    found = [str(part) for part in describe(open_handle(root, text))]
    if found != expected:
        print(path, found)
    if found[1].startswith("0o10"):
        with open(f"/proc/self/fd/{open_handle(root, text)}", "rb") as file:
            file.read()


def load(root):
    directory = os.open(root, os.O_RDONLY)
    for line in sys.stdin.read().splitlines():
        text, *expected, path = line.split()
        try:
            check(directory, text, expected, path)
        except OSError as error:
            print(path, error)


{"save": save, "load": load}[sys.argv[1]](*sys.argv[2:])
