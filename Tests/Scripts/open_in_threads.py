"""Has each thread of a process open files, and prints how that ended: the proof of what a process may reach.

    open_in_threads.py PROCESS PATH…

Prints a JSON object: for each path the sorted names of the errors of all threads, `ok` where there was none. It stops
the threads as a debugger does, which only root may; only for the processor x86_64.
"""

import ctypes
import errno
import json
import os
import sys

SEIZE, INTERRUPT, DETACH, SINGLESTEP, GETREGSET, SETREGSET = 0x4206, 0x4207, 17, 9, 0x4204, 0x4205
STATUS_REGISTERS = 1
O_RDONLY, O_CLOEXEC, AT_FDCWD, ALL_THREADS = 0, 0o2000000, -100, 0x40000000
OPENAT, CLOSE = 257, 3
# Of 27 registers, the places of those that matter (struct user_regs_struct), and the instruction of a system call.
COUNT, RESULT, ORIGINAL_NUMBER, POINTER, STACK, ARGUMENTS = 27, 10, 15, 16, 19, (14, 13, 12, 7)
INSTRUCTION = b"\x0f\x05"

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long


class Vector(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("size", ctypes.c_size_t)]


def trace(request, thread, address=None, data=None):
    if libc.ptrace(request, thread, address, data) == -1 and ctypes.get_errno():
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))


def registers(thread, values=None):
    buffer = (ctypes.c_uint64 * COUNT)(*(values or []))
    vector = Vector(ctypes.addressof(buffer), ctypes.sizeof(buffer))
    trace(SETREGSET if values else GETREGSET, thread, STATUS_REGISTERS, ctypes.addressof(vector))
    return list(buffer)


def call(thread, code, number, arguments):
    """Has a stopped thread make one system call; returns its result."""
    saved = registers(thread)
    changed = list(saved)
    # No system call is to be started again.
    changed[POINTER], changed[RESULT], changed[ORIGINAL_NUMBER] = code, number, 2**64 - 1
    for place, value in zip(ARGUMENTS, arguments):
        changed[place] = value % 2**64
    registers(thread, changed)
    trace(SINGLESTEP, thread)
    os.waitpid(thread, ALL_THREADS)
    result = registers(thread)[RESULT]
    registers(thread, saved)
    return result - 2**64 if result >= 2**63 else result


def code_address(process):
    """The address of a system call's instruction in the C library."""
    with open(f"/proc/{process}/maps") as maps, open(f"/proc/{process}/mem", "rb") as memory:
        for line in maps:
            if "r-xp" in line and ("libc.so" in line or "libc-" in line):
                start, end = (int(part, 16) for part in line.split()[0].split("-"))
                memory.seek(start)
                found = memory.read(end - start).find(INSTRUCTION)
                if found >= 0:
                    return start + found
    raise SystemExit("no instruction for a system call was found")


def try_paths(thread, process, code, paths, outcomes):
    trace(SEIZE, thread)
    trace(INTERRUPT, thread)
    os.waitpid(thread, ALL_THREADS)
    try:
        # Below the stack, and what compilers use beyond it.
        place = registers(thread)[STACK] - 16384
        with open(f"/proc/{process}/mem", "r+b", buffering=0) as memory:
            memory.seek(place)
            saved = memory.read(4096)
            for path in paths:
                memory.seek(place)
                memory.write(path.encode() + b"\0")
                result = call(thread, code, OPENAT, (AT_FDCWD, place, O_RDONLY | O_CLOEXEC, 0))
                outcomes[path].add("ok" if result >= 0 else errno.errorcode[-result])
                if result >= 0:
                    call(thread, code, CLOSE, (result,))
            memory.seek(place)
            memory.write(saved)
    finally:
        trace(DETACH, thread)


def main(process, *paths):
    outcomes = {path: set() for path in paths}
    code = code_address(process)
    for thread in os.listdir(f"/proc/{process}/task"):
        try:
            try_paths(int(thread), process, code, paths, outcomes)
        except OSError as error:
            # It has ended meanwhile.
            if error.errno != errno.ESRCH:
                raise
    print(json.dumps({path: sorted(names) for path, names in outcomes.items()}))


main(*sys.argv[1:])
