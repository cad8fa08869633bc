"""Reads a file in one of the ways in which programs come to bytes without a stat; prints how it differs.

    read_ways.py WAY FILE ORIGINAL

C's mmap, because Python's asks for the size itself.
"""

import ctypes
import errno
import mmap
import os
import signal
import subprocess
import sys
import tempfile

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t] + [ctypes.c_int] * 3 + [ctypes.c_long]


def map_file(file, length):
    address = libc.mmap(None, length, mmap.PROT_READ, mmap.MAP_SHARED, file, 0)
    assert address != ctypes.c_void_p(-1).value, os.strerror(ctypes.get_errno())
    return address


def output_of(*words):
    return subprocess.run(words, stdout=subprocess.PIPE, check=True).stdout


def drain(step):
    """What a call that copies to a descriptor copies until it has no more."""
    with tempfile.TemporaryFile() as copy:
        while step(copy.fileno()):
            pass
        copy.seek(0)
        return copy.read()


def spliced(file):
    pipe = os.pipe()

    def step(output):
        count = os.splice(file, pipe[1], 65536)
        left = count
        while left:
            left -= os.splice(pipe[0], output, left)
        return count

    return drain(step)


def beyond_map(file, content, more):
    """Reads the page behind the file's last one, which has to end in SIGBUS."""
    child = os.fork()
    if child == 0:
        page = map_file(file, more) + (len(content) + 4095) // 4096 * 4096
        os._exit(ctypes.string_at(page, 1)[0] * 0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return content if status == -signal.SIGBUS else b"no SIGBUS"


def copied_range(file, content, more):
    try:
        return drain(lambda output: os.copy_file_range(file, output, more))
    except OSError as error:
        # Between two kinds of file systems Linux refuses since 5.19.
        assert error.errno == errno.EXDEV
        return content


def seek(file, content, whence):
    """The content if the file seems to end where it does."""
    place = os.lseek(file, 0, whence)
    return content if place == len(content) else f"{place} bytes".encode()


def through_path(path, more):
    file = os.open(path, os.O_PATH)
    with open(f"/proc/self/fd/{file}", "rb", buffering=0) as opened:
        return opened.read(more)


def read(way, path, content):
    size, more = len(content), len(content) + (8 << 20)
    match way:
        case "cat":
            return output_of("cat", path)
        case "direct":
            return output_of("dd", "if=" + path, "iflag=direct", "bs=1M", "status=none")
        case "path":
            return through_path(path, more)
    file = os.open(path, os.O_RDONLY)
    match way:
        case "read":
            return os.read(file, more)
        case "pread":
            return os.pread(file, more, 0)
        case "mmap":
            return ctypes.string_at(map_file(file, size), size)
        case "mmap-end":
            return beyond_map(file, content, more)
        case "sendfile":
            return drain(lambda output: os.sendfile(output, file, None, more))
        case "splice":
            return spliced(file)
        case "copy_file_range":
            return copied_range(file, content, more)
        case "seek-end":
            return seek(file, content, os.SEEK_END)
        case "seek-hole":
            return seek(file, content, os.SEEK_HOLE)
    raise ValueError(way)


def main(way, path, original):
    with open(original, "rb") as file:
        content = file.read()
    found = read(way, path, content)
    if found != content:
        print(way, len(found), "bytes, not", len(content))


main(*sys.argv[1:])
