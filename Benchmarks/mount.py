"""Mounts in the foreground: twiliofs, and rclone as its peer."""

import functools
import json
import os
import subprocess

from processes import Server, run, wait_until
from settings import BenchError, program


@functools.cache
def options_of(twiliofs):
    """The help of `twiliofs mount`: an option that it doesn't have yet is not given."""
    return run([twiliofs, "mount", "--help"]).decode()


def has_option(twiliofs, name):
    return f"--{name} " in options_of(twiliofs)


class Mount:
    """A mount for the `with` block, which ends with the process that serves it gone."""

    def __init__(self, arguments, folder, environment=None, log=None):
        self.path = folder / "mnt"
        log = log or folder / f"{os.path.basename(arguments[0])}.log"
        self._server = Server([*arguments, self.path], log, environment)

    def __enter__(self):
        self.path.mkdir(exist_ok=True)
        self._server.__enter__()
        try:
            self._server.await_readiness(self._is_mounted, 30)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self._server.end()
        if self._is_mounted():
            subprocess.run([program("fusermount3"), "-uz", str(self.path)], check=False)

    def _is_mounted(self):
        with open("/proc/self/mounts", encoding="utf-8") as mounts:
            return any(line.split(" ")[1] == str(self.path) for line in mounts)

    @property
    def pid(self):
        return self._server.pid

    @property
    def is_begun(self):
        """Whether there is a process, or was one."""
        return self._server.is_begun

    @property
    def exit_status(self):
        """How the process has ended: negative for a signal, None while it runs."""
        return self._server.exit_status

    def peak_memory(self):
        """The largest resident size so far, in bytes."""
        with open(f"/proc/{self._server.pid}/status", encoding="utf-8") as status:
            for line in status:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
        raise BenchError("the kernel doesn't tell the process's memory")

    @property
    def processor_seconds(self):
        return self._server.processor_seconds

    def status(self):
        """What a mount of twiliofs tells of itself (doc/STATUS.md)."""
        return json.loads((self.path / ".twiliofs/status.json").read_bytes())

    def await_list(self, name, seconds):
        """Waits until a list can be told."""
        def is_complete():
            told = self.status()["lists"][name]
            if told["state"] == "failed":
                raise BenchError(f"the list of {name} can't be had: {told.get('error')}")
            return told["state"] == "complete"

        if not wait_until(is_complete, seconds, interval=0.05):
            raise BenchError(f"the list of {name} isn't complete after {seconds} seconds: {self._server.end_of_log()}")

    def file(self, recording):
        """The path of a recording; when this returns, its attributes are known."""
        path = self.path / recording.place
        size = path.stat().st_size
        if size != recording.size:
            raise BenchError(f"{recording.place} has {size} bytes in the mount, and {recording.size} in truth")
        return path


def mount_account(twiliofs, account, folder, cache, disk_cache="0", options=()):
    """Makes a mount of an account.

    `cache` is the folder of the catalog: what was learnt in it by an earlier mount is known to this one. `options` come
    on top.
    """
    folder.mkdir(parents=True, exist_ok=True)
    description = account.description
    arguments = [
        twiliofs, "mount", "--foreground", "--account-sid", description["accountSid"], "--key",
        account.private_key, "--cache-dir", cache, "--api-url", account.api_url, "--video-url", account.api_url]
    if has_option(twiliofs, "cache-size"):
        arguments += ["--cache-size", disk_cache]
    # The lists of recordings are measured, as of versions that didn't fetch calls.
    if has_option(twiliofs, "no-calls"):
        arguments.append("--no-calls")
    return Mount([*arguments, *options], folder, {"TWILIO_AUTH_TOKEN": description["authToken"]})


def mount_rclone(account, folder):
    """Makes a mount of the account's ciphertext, as nginx has it."""
    folder.mkdir(parents=True, exist_ok=True)
    base = f"{account.nginx.near}/{account.description['accountSid']}/"
    return Mount(
        [program("rclone"), "mount", "--read-only", "--http-url", base, ":http:"], folder,
        {"RCLONE_CONFIG": str(folder / "rclone.conf"), "RCLONE_CACHE_DIR": str(folder / "rclone-cache")})
