"""Listens where syslog(3) writes, mounts in the background, unmounts, and prints what was logged meanwhile.

    syslog_mount.py TWILIOFS CACHE_FOLDER MOUNT_POINT

A thread listens, since the socket holds few lines, and a writer of more waits. The last line that is expected ends it:
the number of the others depends on how fast the lists come.
"""

import socket
import subprocess
import sys
import threading


def listen(log):
    line = ""
    while "info: unmounted" not in line:
        line = log.recv(65536).decode()
        print(line.replace("\n", "<newline>"))


def main(twiliofs, cache, mount):
    log = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    log.bind("/dev/log")
    log.settimeout(60)
    listener = threading.Thread(target=listen, args=[log])
    listener.start()
    subprocess.run([twiliofs, "mount", "--no-key", "--cache-dir", cache, mount], check=True)
    subprocess.run(["ls", mount + "/recordings"], check=True, stdout=subprocess.DEVNULL)
    subprocess.run([twiliofs, "unmount", mount], check=True)
    listener.join()


main(*sys.argv[1:])
