"""Runs a command at a terminal of its own, which goes when a file appears; ends with the command's exit status.

    own_terminal.py FILE COMMAND…

Prints the command's process ID, and on standard error what it writes to its terminal.
"""

import os
import pty
import select
import sys


def main(marker, *command):
    process, terminal = pty.fork()
    if process == 0:
        os.execvp(command[0], command)
    print(process, flush=True)
    while not os.path.exists(marker):
        if not select.select([terminal], [], [], 0.02)[0]:
            continue
        try:
            os.write(2, os.read(terminal, 4096))
        except OSError:
            # Nobody has the other end open.
            break
    os.close(terminal)
    _, status = os.waitpid(process, 0)
    sys.exit(os.waitstatus_to_exitcode(status))


main(*sys.argv[1:])
