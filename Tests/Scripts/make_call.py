"""Has another process make one system call without arguments: make_call.py PROCESS NAME.

Works on x86-64 alone. The process has to wait in a system call; it gets the new one in its place.
"""

import contextlib
import ctypes
import os
import signal
import sys

ATTACH, DETACH, GETREGS, SETREGS = 16, 17, 12, 13
NUMBERS = {"getppid": 110, "getpid": 39}

libc = ctypes.CDLL(None, use_errno=True)
libc.ptrace.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
libc.ptrace.restype = ctypes.c_long

FIELDS = (
    "r15 r14 r13 r12 rbp rbx r11 r10 r9 r8 rax rcx rdx rsi rdi orig_rax rip cs eflags rsp ss fs_base gs_base "
    "ds es fs gs"
).split()


class Registers(ctypes.Structure):
    _fields_ = [(name, ctypes.c_ulonglong) for name in FIELDS]


def trace(request, process, data=None):
    if libc.ptrace(request, process, None, data) != 0:
        raise OSError(ctypes.get_errno(), f"ptrace {request}")


def main(process, name):
    trace(ATTACH, process)
    os.waitpid(process, 0x40000000)  # __WALL
    registers = Registers()
    trace(GETREGS, process, ctypes.byref(registers))
    # The instruction `syscall` has two bytes; the kernel leaves the place after it.
    assert registers.orig_rax != 2**64 - 1, "it isn't in a system call"
    registers.rip -= 2
    registers.rax = NUMBERS[name]
    # Otherwise the kernel would begin the call that was interrupted again.
    registers.orig_rax = 2**64 - 1
    trace(SETREGS, process, ctypes.byref(registers))
    trace(DETACH, process, None)
    # The call may have ended it already.
    with contextlib.suppress(ProcessLookupError):
        os.kill(process, signal.SIGCONT)


main(int(sys.argv[1]), sys.argv[2])
