"""Programs that wait for a service that is silent: whoever is killed ends, and everybody else gets an answer."""

import signal
import subprocess
import sys
import time
from pathlib import Path

from chaos import library
from chaos.harness import none, row, told
from chaos.proxy import VANISH, Proxy, Way
from processes import ENVIRONMENT, wait_until

# As long as a program may take that was killed.
_PROMPT = 5
_READER = Path(__file__).with_name("wait_for_bytes.py")
_SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)
_WAYS = ("read", "direct", "mmap", "sendfile", "whole")


def rows(sizes):
    figures = (
        none("programs killed while they read from a silent service that don't end at once", "surviving"),
        told("… the longest until one has ended", "s", "longest"),
        none("… programs left alone without an answer at the deadline", "waiting"),
        none("… programs that got wrong bytes", "wrong"),
        told("… the longest in uninterruptible sleep", "s", "asleep"))
    return [row("killed", figures, _measure, (
        "they read, read past the page cache, map, send with sendfile and copy; each third is killed by SIGKILL, "
        f"SIGTERM and SIGINT, and has {_PROMPT} s to end.",))]


def _measure(chaos):
    account = chaos.account(library.originals(chaos, 30, library.LARGE))
    proxies = [
        chaos.enter(Proxy(chaos, name, ("127.0.0.1", int(url.rsplit(":", 1)[1]))))
        for name, url in (("api", account.api_url), ("media", account.media_url))]
    account.set_behaviour(mediaOrigin=f"http://127.0.0.1:{proxies[1].port}")
    mounted = chaos.mounted(account, api_url=f"http://127.0.0.1:{proxies[0].port}")
    recordings = list(account.recordings.values())
    for one in recordings:
        mounted.file(one)
    for proxy in proxies:
        proxy.misbehave(Way(VANISH))
    killed = [_start(chaos, mounted, one, _WAYS[number % 5]) for number, one in enumerate(recordings)]
    left = [] if chaos.is_quick else [
        _start(chaos, mounted, one, _WAYS[number % 5]) for number, one in enumerate(recordings)]
    begin = chaos.clock()
    for one in killed + left:
        one.stdout.readline()
    time.sleep(0.5)
    surviving, longest = _kill(chaos, killed)
    wait_until(lambda: all(one.poll() is not None for one in left), chaos.deadline + 5 - (chaos.clock() - begin))
    waiting = sum(one.poll() is None for one in left)
    for proxy in proxies:
        proxy.misbehave()
    ends = [one.wait(chaos.deadline + 30) for one in left]
    chaos.note("left alone", ends=ends)
    chaos.watch.end()
    return {
        "surviving": surviving, "longest": longest, "waiting": waiting, "wrong": ends.count(3),
        "asleep": chaos.watch.longest}


def _start(chaos, mounted, recording, way):
    return chaos.enter(subprocess.Popen(
        [sys.executable, "-B", _READER, way, mounted.path / recording.place, recording.original], env=ENVIRONMENT,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL))


def _kill(chaos, processes):
    """How many remain of processes that are killed, and how long the last one took."""
    for number, process in enumerate(processes):
        process.send_signal(_SIGNALS[number % 3])
    begin = chaos.clock()
    wait_until(lambda: all(one.poll() is not None for one in processes), _PROMPT, interval=0.01)
    longest = chaos.clock() - begin
    surviving = [one for one in processes if one.poll() is None]
    chaos.note("killed", seconds=longest, surviving=[
        (one.pid, _SIGNALS[number % 3].name, one.args) for number, one in enumerate(processes) if one in surviving])
    for one in surviving:
        one.kill()
    return len(surviving), longest
