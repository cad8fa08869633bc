"""Reads around the end of a file and seeks in it; prints nothing when all is as POSIX and Linux say.

    read_to_the_end.py FILE ORIGINAL
"""

import errno
import os
import sys


def main(path, original):
    with open(original, "rb") as file:
        content = file.read()
    size = len(content)
    file = os.open(path, os.O_RDONLY)
    assert os.fstat(file).st_size == size
    for offset in (0, 1, 4095, 4096, size - 4097, size - 1):
        for length in (0, 1, 4096, 131072, 1 << 20):
            assert os.pread(file, length, offset) == content[offset : offset + length], (offset, length)
    for offset in (size, size + 1, size + (1 << 20), 1 << 40):
        assert os.pread(file, 4096, offset) == b""
    assert os.lseek(file, 0, os.SEEK_END) == size
    assert os.lseek(file, -10, os.SEEK_END) == size - 10 and os.read(file, 100) == content[-10:]
    assert os.lseek(file, 5, os.SEEK_SET) == 5 and os.lseek(file, 7, os.SEEK_CUR) == 12
    assert os.read(file, 3) == content[12:15]
    assert os.lseek(file, 100, os.SEEK_DATA) == 100 and os.lseek(file, 100, os.SEEK_HOLE) == size
    for whence, offset in ((os.SEEK_SET, -1), (os.SEEK_DATA, size), (os.SEEK_HOLE, size)):
        try:
            os.lseek(file, offset, whence)
        except OSError as error:
            assert error.errno == (errno.EINVAL if whence == os.SEEK_SET else errno.ENXIO)
        else:
            raise AssertionError((whence, offset))
    pieces = [bytearray(10), bytearray(5000), bytearray(1)]
    assert os.preadv(file, pieces, 50) == 5011 and b"".join(pieces) == content[50:5061]
    assert os.posix_fadvise(file, 0, size, os.POSIX_FADV_WILLNEED) is None
    os.fsync(file)


main(*sys.argv[1:])
