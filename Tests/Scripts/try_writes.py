"""Tries everything that would write; prints what isn't refused with EROFS.

    try_writes.py MOUNT FILE

os.mknod makes a regular file; link and rename stay within the mount.
"""

import errno
import os
import stat
import sys


def fallocate(path):
    os.posix_fallocate(os.open(path, os.O_RDWR), 0, 10)


def attempts(root, media):
    folder = root + "/recordings"
    new = folder + "/new"
    return {
        "create": lambda: os.open(new, os.O_CREAT | os.O_WRONLY),
        "create exclusively": lambda: os.open(new, os.O_CREAT | os.O_EXCL | os.O_RDWR),
        "open for writing": lambda: os.open(media, os.O_WRONLY),
        "open for both": lambda: os.open(media, os.O_RDWR),
        "open truncating": lambda: os.open(media, os.O_WRONLY | os.O_TRUNC),
        "append": lambda: os.open(media, os.O_WRONLY | os.O_APPEND),
        "truncate": lambda: os.truncate(media, 0),
        "mkdir": lambda: os.mkdir(new),
        "rmdir": lambda: os.rmdir(root + "/metadata"),
        "unlink": lambda: os.unlink(media),
        "rename": lambda: os.rename(media, new),
        "link": lambda: os.link(media, new),
        "symlink": lambda: os.symlink("target", new),
        "chmod": lambda: os.chmod(media, 0o600),
        "chown": lambda: os.chown(media, 1, 1),
        "utime": lambda: os.utime(media, (1, 1)),
        "setxattr": lambda: os.setxattr(media, "user.new", b"x"),
        "removexattr": lambda: os.removexattr(media, "user.twilio.sid"),
        "fallocate": lambda: fallocate(media),
        "mknod": lambda: os.mknod(new, stat.S_IFREG | 0o600),
    }


def main(root, media):
    for name, attempt in attempts(root, media).items():
        try:
            attempt()
            print(name, "was not refused")
        except OSError as error:
            if error.errno != errno.EROFS:
                print(name, "was refused with", errno.errorcode[error.errno])


main(*sys.argv[1:])
