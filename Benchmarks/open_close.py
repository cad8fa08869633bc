#!/usr/bin/env python3
"""Measures open and close of files that are never read, encrypted and not.

    Benchmarks/open_close.py [FOLDER OF THE PROGRAMS]

Makes an account of 5,000 encrypted and 5,000 other recordings with a key of 4096 bits, mounts it, asks for all sizes,
mounts it again, and prints the median of each in microseconds, beside that of statfs(2), the least that any request
takes. Only Python's standard library and openssl are used.
"""

import json
import os
import pathlib
import statistics
import struct
import subprocess
import sys
import tempfile
import time

COUNT = 5000


def wave(number):
    """A WAV file of a tenth of a second whose bytes are its own."""
    data = struct.pack("<I", number) * 400
    head = struct.pack("<4sI4s4sIHHIIHH4sI", b"RIFF", 36 + len(data), b"WAVE", b"fmt ", 16, 1, 1, 8000, 16000, 2, 16,
                       b"data", len(data))
    return head + data


def make_media(folder):
    for part in ("", "unencrypted"):
        path = folder / "recordings" / part
        path.mkdir(parents=True, exist_ok=True)
        for number in range(COUNT):
            (path / f"{part}{number}.wav").write_bytes(wave(number))


def mount(programs, description, key, cache, place, log):
    environment = dict(
        os.environ, TWILIO_ACCOUNT_SID=description["accountSid"], TWILIO_AUTH_TOKEN=description["authToken"],
        TWILIOFS_API_URL=description["apiURL"], TWILIOFS_VIDEO_URL=description["apiURL"])
    process = subprocess.Popen(
        [programs / "twiliofs", "mount", "--foreground", "--no-probing", "--cache-dir", cache, "--key", key, place],
        env=environment, stderr=log)
    deadline = time.monotonic() + 60
    while not os.path.ismount(place):
        if process.poll() is not None or time.monotonic() > deadline:
            sys.exit("the account can't be mounted")
        time.sleep(0.01)
    return process


def measured(use, paths):
    """Nanoseconds of each."""
    times = []
    for path in paths:
        start = time.perf_counter_ns()
        use(path)
        times.append(time.perf_counter_ns() - start)
    return times


def show(what, times):
    print(f"{what}: {len(times)} times, median {statistics.median(times) / 1000:.1f} µs, "
          f"99th percentile {statistics.quantiles(times, n=100)[98] / 1000:.1f} µs")


def main():
    programs = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".build/release").resolve()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        make_media(folder / "media")
        key, public = folder / "key.pem", folder / "public.pem"
        subprocess.run(["openssl", "genrsa", "-out", key, "4096"], check=True, stderr=subprocess.DEVNULL)
        subprocess.run(["openssl", "rsa", "-in", key, "-pubout", "-out", public], check=True, stderr=subprocess.DEVNULL)
        simulator = subprocess.Popen(
            [programs / "twilio-simulator", "--media", folder / "media", "--public-key", public],
            stdout=subprocess.PIPE, text=True)
        log = open(folder / "log", "wb")
        place = folder / "mount"
        place.mkdir()
        running = None
        try:
            description = json.loads(simulator.stdout.readline())
            running = mount(programs, description, key, folder / "cache", place, log)
            subprocess.run(["find", place / "recordings", "-size", "+1"], check=True, stdout=subprocess.DEVNULL)
            running.terminate()
            running.wait(30)
            running = mount(programs, description, key, folder / "cache", place, log)
            encrypted, others = [], []
            for path in sorted((place / "recordings").iterdir()):
                kind = os.getxattr(path, "user.twilio.encryption")
                (others if kind == b"none" else encrypted).append(path)
            # The first one shows that the key is held: it costs the one RSA operation that there is.
            for path in encrypted[0], others[0]:
                path.read_bytes()
            for what, paths in ("encrypted", encrypted[1:]), ("not encrypted", others[1:]):
                for path in paths:
                    os.stat(path)
                show(what, measured(lambda path: os.close(os.open(path, os.O_RDONLY)), paths))
                show("statfs", measured(os.statvfs, [place] * 2000))
        finally:
            if running:
                running.terminate()
                running.wait(30)
            simulator.terminate()
            simulator.wait(30)


if __name__ == "__main__":
    main()
