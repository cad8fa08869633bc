"""Prints the names of errnos.

    errno_names.py NUMBER…
"""

import errno
import sys

for number in sys.argv[1:]:
    print(errno.errorcode[int(number)])
