"""Child processes: commands that are timed, and servers that are ended whatever happens."""

import ctypes
import os
import signal
import subprocess
import time

from settings import BenchError

# Proxies of the surroundings have nothing to do with a server on the loopback interface.
ENVIRONMENT = {
    name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")
    and not name.startswith(("TWILIO", "RCLONE_"))
} | {"LC_ALL": "C"}

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None)


def _end_with_parent():
    """Runs in the child: it shall not outlive a benchmark that is killed."""
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def wait_until(condition, seconds, interval=0.01):
    """Whether the condition has come true within a time."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(interval)
    return True


class Server:
    """A process in the background with its log, ended with the `with` block."""

    def __init__(self, arguments, log, environment=None):
        self.name = os.path.basename(arguments[0])
        self.log = log
        self._arguments = [str(argument) for argument in arguments]
        self._environment = ENVIRONMENT | (environment or {})
        self._process = None

    def __enter__(self):
        with open(self.log, "ab") as log:
            # A session of its own, so that ^C ends first what uses the server.
            self._process = subprocess.Popen(
                self._arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self._environment,
                start_new_session=True, preexec_fn=_end_with_parent)
        return self

    def __exit__(self, *_):
        self.end()

    @property
    def pid(self):
        return self._process.pid

    @property
    def is_begun(self):
        return self._process is not None

    @property
    def exit_status(self):
        """Negative for a signal, None while it runs."""
        return self._process.poll()

    @property
    def is_running(self):
        return self._process.poll() is None

    @property
    def processor_seconds(self):
        """The seconds of a core that it has used so far, its own and the kernel's for it."""
        with open(f"/proc/{self.pid}/stat", encoding="utf-8") as status:
            # The name, which may have spaces, ends with the last parenthesis.
            fields = status.read().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def await_readiness(self, condition, seconds):
        """Waits until the server can be used."""
        if not wait_until(lambda: condition() or not self.is_running, seconds) or not self.is_running:
            raise BenchError(f"{self.name} does not start; its log ends with: {self.end_of_log()}")

    def end_of_log(self):
        return " / ".join(self.log.read_text(errors="replace").splitlines()[-5:])

    def end(self):
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def run(arguments, **options):
    """Runs a command that has to succeed, and gives its standard output."""
    result = subprocess.run(
        [str(argument) for argument in arguments], stdin=options.pop("stdin", subprocess.DEVNULL),
        stdout=options.pop("stdout", subprocess.PIPE), stderr=subprocess.PIPE, env=ENVIRONMENT, **options)
    if result.returncode != 0:
        words = result.stderr.decode(errors="replace").strip()[-400:]
        raise BenchError(f"{os.path.basename(str(arguments[0]))} failed with {result.returncode}: {words}")
    return result.stdout


def timed(arguments, **options):
    """The seconds that a command takes from its start to its end."""
    start = time.perf_counter()
    run(arguments, **options)
    return time.perf_counter() - start


def timed_pipe(first, second):
    """The seconds that `first | second > /dev/null` takes."""
    start = time.perf_counter()
    with subprocess.Popen(first, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, env=ENVIRONMENT) as source:
        sink = subprocess.Popen(second, stdin=source.stdout, stdout=subprocess.DEVNULL, env=ENVIRONMENT)
        source.stdout.close()
        if sink.wait() != 0 or source.wait() != 0:
            raise BenchError(f"{first[0]} | {second[0]} failed")
    return time.perf_counter() - start


def read_whole(path):
    """The seconds that `dd` takes to read a file from its beginning to its end."""
    return timed(["dd", f"if={path}", "of=/dev/null", "bs=1M", "iflag=fullblock", "status=none"])
