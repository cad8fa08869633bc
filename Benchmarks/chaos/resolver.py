"""A name server on loopback that answers late, wrongly or never, and mounts that ask it and no other."""

import os
import socket
import threading
import time
from pathlib import Path

import mount
from settings import BenchError, program

# The one that it knows.
NAME = "service.test"

ANSWER = "answer"
NEVER = "never"
FAIL = "fail"
NOBODY = "nobody"
GARBAGE = "garbage"

_FAILURES = {FAIL: 2, NOBODY: 3}  # SERVFAIL, NXDOMAIN
_TYPE_A = 1


class Resolver:
    """Answers for the `with` block."""

    def __init__(self, chaos):
        self._chaos = chaos
        self._way = ANSWER
        self._delay = 0.0
        self._has_ended = False
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.queries = 0
        # All of 127/8 is this machine's; a server of the system's has another address.
        self.address = f"127.{chaos.random.randint(64, 200)}.{chaos.random.randint(1, 250)}.53"
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self):
        try:
            self._socket.bind((self.address, 53))
        except PermissionError as error:
            raise BenchError("only root can answer for names: run this as root") from error
        self._socket.settimeout(0.1)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._has_ended = True
        self._thread.join()
        self._socket.close()

    def misbehave(self, way, delay=0.0):
        """Answers in some way from now on, so many seconds after it was asked."""
        self._chaos.note("names", way=way, delay=delay)
        self._way, self._delay = way, delay

    def _serve(self):
        waiting = []
        while not self._has_ended:
            try:
                query, sender = self._socket.recvfrom(4096)
                self.queries += 1
                answer = self._answer(query)
                if answer is not None:
                    waiting.append((time.monotonic() + self._delay, answer, sender))
            except TimeoutError:
                pass
            due = [one for one in waiting if one[0] <= time.monotonic()]
            waiting = [one for one in waiting if one not in due]
            for _, answer, sender in due:
                self._socket.sendto(answer, sender)

    def _answer(self, query):
        if self._way == NEVER:
            return None
        if self._way == GARBAGE:
            return query[:2] + self._chaos.random.randbytes(40)
        question, kind = _question(query)
        if self._way in _FAILURES:
            return _reply(query, question, _FAILURES[self._way], b"")
        if kind != _TYPE_A:
            return _reply(query, question, 0, b"")
        # A pointer to the name, type A, class IN, a second to live, four bytes.
        return _reply(query, question, 0, b"\xc0\x0c\0\1\0\1\0\0\0\1\0\4" + socket.inet_aton("127.0.0.1"))


def _question(query):
    """The bytes of a query's question, and the type that it asks for."""
    end = query.index(b"\0", 12) + 5
    return query[12:end], int.from_bytes(query[end - 4:end - 2], "big")


def _reply(query, question, code, record):
    flags = 0x8180 | code
    counts = (1, 1 if record else 0, 0, 0)
    head = query[:2] + flags.to_bytes(2, "big") + b"".join(count.to_bytes(2, "big") for count in counts)
    return head + question + record


class NamespaceMount(mount.Mount):
    """A mount in a mount namespace of its own, where the name server is another; it goes with its process."""

    _COMMAND = 'mount --bind "$1" /etc/resolv.conf && mount --bind "$2" /etc/nsswitch.conf && shift 2 && exec "$@"'

    def __init__(self, arguments, folder, environment=None, log=None, resolver=None):
        resolution, order = folder / "resolv.conf", folder / "nsswitch.conf"
        resolution.write_text(f"nameserver {resolver.address}\n", encoding="ascii")
        order.write_text("hosts: files dns\n", encoding="ascii")
        for path in (resolution, order):
            path.chmod(0o644)
        prefix = [program("unshare"), "--mount", program("sh"), "-c", self._COMMAND, "sh", resolution, order]
        super().__init__([*prefix, *arguments], folder, environment, log)

    def _is_mounted(self):
        try:
            with open(f"/proc/{self.pid}/mounts", encoding="utf-8") as mounts:
                return any(line.split(" ")[1] == str(self.path) for line in mounts)
        except OSError:
            return False

    @property
    def prefix(self):
        """What a program is started with that is to see the mount."""
        return [program("nsenter"), f"--mount=/proc/{self.pid}/ns/mnt"]

    @property
    def visible_path(self):
        """Where this process sees the mount."""
        return Path(f"/proc/{self.pid}/root{self.path}")


def has_privileges():
    """Whether there can be such mounts."""
    return os.geteuid() == 0
