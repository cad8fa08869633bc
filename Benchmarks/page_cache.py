"""The kernel's memory of what was read."""

import os

from settings import BenchError


def drop_kernel_caches():
    """Has the kernel forget what it keeps of files: bytes, attributes and names."""
    os.sync()
    try:
        with open("/proc/sys/vm/drop_caches", "w", encoding="ascii") as switch:
            switch.write("3")
    except PermissionError as error:
        raise BenchError("only root can drop the kernel's caches: run this as root") from error
