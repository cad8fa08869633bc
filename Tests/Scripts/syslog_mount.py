"""Listens where syslog(3) writes, mounts in the background, unmounts, mounts again and has that crash, and prints what
was logged meanwhile.

    syslog_mount.py TWILIOFS CACHE_FOLDER MOUNT_POINT

A thread listens, since the socket holds few lines, and a writer of more waits. The last line that is expected ends it:
the number of the others depends on how fast the lists come.
"""

import glob
import os
import signal
import socket
import subprocess
import sys
import threading


def listen(log, end):
    line = ""
    while end not in line:
        line = log.recv(65536).decode()
        print(line.replace("\n", "<newline>"))


def main(twiliofs, cache, mount):
    log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    log.bind("/dev/log")
    log.settimeout(60)
    listener = threading.Thread(target=listen, args=[log, "info: unmounted"])
    listener.start()
    command = [twiliofs, "mount", "--no-key", "--cache-dir", cache, mount]
    subprocess.run(command, check=True)
    subprocess.run(["ls", mount + "/recordings"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run([twiliofs, "unmount", mount], check=True)
    listener.join()
    listener = threading.Thread(target=listen, args=[log, "critical: "])
    listener.start()
    subprocess.run(command, check=True)
    os.kill(serving(mount), signal.SIGSEGV)
    listener.join()
    subprocess.run([twiliofs, "unmount", mount], check=True)


def serving(mount):
    """The process in whose command line the mount point is the last word."""
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            with open(path, "rb") as file:
                words = file.read().decode().split("\0")
        except OSError:
            continue
        if words[-2:] == [mount, ""] and "--ready-descriptor" in words:
            return int(path.split("/")[2])
    raise SystemExit("nobody serves " + mount)


main(*sys.argv[1:])
