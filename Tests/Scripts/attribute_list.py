"""Prints the size that a file's list of extended attributes is said to have, and the size of the list, if it has any.

    attribute_list.py FILE

Asks as C programs do: Python's own function has a buffer of its own.
"""

import ctypes
import errno
import os
import sys

_LIBC = ctypes.CDLL(None, use_errno=True)


def _list(path, size):
    buffer = ctypes.create_string_buffer(size) if size else None
    length = _LIBC.listxattr(path, buffer, ctypes.c_size_t(size))
    if length < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return length


path = os.fsencode(sys.argv[1])
room = _list(path, 0)
print(room)
if room:
    print(_list(path, room))
    try:
        _list(path, 10)
    except OSError as error:
        assert error.errno == errno.ERANGE
    else:
        raise AssertionError("names fit into ten bytes")
