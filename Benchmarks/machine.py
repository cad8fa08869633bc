"""What the figures were measured on."""

import hashlib
import json
import os
import platform
import re
import subprocess

from processes import ENVIRONMENT
from settings import BenchError, program


def _first_line(pattern, *command):
    """What a pattern finds in a command's output: a version, for instance."""
    output = subprocess.run(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=ENVIRONMENT,
        check=False).stdout.decode(errors="replace")
    match = re.search(pattern, output)
    return match.group(1) if match else "unknown"


def _version(pattern, name, *arguments):
    """The version of a program; a row that needs one that isn't there says so itself."""
    try:
        return _first_line(pattern, program(name), *arguments)
    except BenchError:
        return "not installed"


def _line_of(path, pattern):
    try:
        with open(path, encoding="utf-8") as file:
            match = re.search(pattern, file.read(), re.MULTILINE)
            return match.group(1) if match else "unknown"
    except OSError:
        return "unknown"


def commit(settings):
    """What of the program is measured."""
    git = ("git", "-C", str(settings.repository))
    changed = _first_line(r"(\S)", *git, "status", "--porcelain", "--", "Sources") != "unknown"
    return _first_line(r"^([0-9a-f]{7,})", *git, "rev-parse", "--short", "HEAD") + (" with changes" if changed else "")


# A machine is the same after an update of its kernel or of a program.
HARDWARE = ("processor", "memory", "file system")


def _file_system(folder):
    """The type of the file system of a folder, which needn't exist yet."""
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    return _first_line(r"\n(\S+)", "df", "--output=fstype", existing)


def describe(folder):
    """The hardware, and the versions of the programs, for measurements in a folder."""
    memory = _line_of("/proc/meminfo", r"^MemTotal:\s+(\d+)")
    processor = _line_of("/proc/cpuinfo", r"^model name[^:]*: (.*)$")
    return {
        "processor": f"{processor}, {len(os.sched_getaffinity(0))} cores",
        "memory": f"{int(memory) / 2**20:.1f} GiB" if memory.isdigit() else memory,
        "file system": _file_system(folder),
        "kernel": platform.release(),
        "system": _line_of("/etc/os-release", r'^PRETTY_NAME="?([^"\n]*)'),
        "curl": _version(r"curl (\S+)", "curl", "--version"),
        "openssl": _version(r"OpenSSL (\S+)", "openssl", "version"),
        "rclone": _version(r"rclone v?(\S+)", "rclone", "version"),
        "nginx": _version(r"nginx/(\S+)", "nginx", "-v"),
        "fuse": _version(r"version: (\S+)", "fusermount3", "--version"),
        "ffmpeg": _version(r"ffmpeg version (\S+)", "ffmpeg", "-version"),
        "fio": _version(r"fio-(\S+)", "fio", "--version"),
        "rsync": _version(r"version (\S+)", "rsync", "--version"),
        "python": platform.python_version(),
    }


def identifier(description):
    """A short name of a machine by its hardware alone."""
    hardware = {key: description[key] for key in HARDWARE}
    return hashlib.sha256(json.dumps(hardware, sort_keys=True).encode()).hexdigest()[:8]
