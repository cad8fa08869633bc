"""Reads every page of a file through a map; SIGBUS ends it where a page can't be read.

    map_until_fault.py FILE
"""

import mmap
import os
import sys

file = os.open(sys.argv[1], os.O_RDONLY)
with mmap.mmap(file, 0, prot=mmap.PROT_READ) as pages:
    print(sum(pages[offset] for offset in range(0, len(pages), 4096)))
