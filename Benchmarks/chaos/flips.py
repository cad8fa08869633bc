"""One bit that is another: on the way, in the disk cache, in the tag, at the end."""

import collections
import errno
import itertools
import os
import re
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing

from chaos.harness import none, row, told
from media import Noise, Original
from settings import KIB, MIB, BenchError

_TAG = 16
# A flip that isn't of each answer is of so many: the first one tells only the size.
_ANSWERS = 2
_PLACES = ("transit", "cache", "tag", "end")
_MANNERS = ("whole", "backward", "random", "mmap")
_SIZES = (1, 15, 4 * KIB, 60 * KIB, 128 * KIB + 1, 300 * KIB, MIB + 17)
# Maps a file, touches its pages in an order of its own, and writes them as they are in the file.
_MAPPED = """
import mmap, random, sys
with open(sys.argv[1], "rb") as file:
    view = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
pages = list(range(0, len(view), 4096))
random.Random(sys.argv[2]).shuffle(pages)
read = {start: view[start : start + 4096] for start in pages}
sys.stdout.buffer.write(b"".join(read[start] for start in sorted(read)))
"""


def rows(sizes):
    count = 32 if sizes.is_quick else 1000
    figures = (
        none(f"one bit flipped at {count} random places of GCM media: flips that nobody noticed", "unnoticed"),
        none("… reads of a whole file that succeeded with other bytes", "forged"),
        told("… reads that failed", "1", "failed"),
        told("… repaired by fetching again, which the log tells", "1", "repaired"),
    )
    note = (
        "a quarter each on the way, in blocks of the disk cache, in the tag, and in the last bytes "
        "before it; each file "
        "is read whole, backward, in random order or through mmap, with strict and with deferred integrity. A flip on "
        "the way is either one of each answer or of the first two alone.")
    return [row("flips", figures, lambda chaos: _measure(chaos, count), (note,))]


def _measure(chaos, count):
    # Voice recordings and compositions, both with a tag.
    originals = []
    for number in range(count):
        kind, extension = (("recordings", "wav"), ("compositions", "mp4"))[number % 2]
        size = chaos.random.choice(_SIZES)
        originals.append(Original(kind, f"file-{number:04}.{extension}", Noise(size)))
    account = chaos.account(
        originals, "--metadata-version", "2", "--content-algorithm", "AES/GCM/NoPadding")
    plans = [_Plan(chaos, number, account.recordings[one.name]) for number, one in enumerate(originals)]
    results = collections.Counter()
    for mode in ("strict", "deferred"):
        own = [plan for plan in plans if plan.mode == mode]
        cached = [plan for plan in own if plan.place == "cache"]
        _run(chaos, account, mode, cached, results, _fill(chaos, account, mode, cached))
        left = [plan for plan in own if plan.place != "cache"]
        while left:
            left = _run(chaos, account, mode, left, results, chaos.new_folder("cache"))
    return {
        "unnoticed": count - results["failed"] - results["repaired"], "forged": results["forged"],
        "failed": results["failed"], "repaired": results["repaired"]}


class _Plan:
    """One file: which bit of it is flipped, and how it is read."""

    def __init__(self, chaos, number, served):
        self.served = served
        self.place = _PLACES[number // 2 % len(_PLACES)]
        self.manner = _MANNERS[number // (2 * len(_PLACES)) % len(_MANNERS)]
        self.mode = ("strict", "deferred")[number // (2 * len(_PLACES) * len(_MANNERS)) % 2]
        self.bit = chaos.random.randrange(8)
        self.seed = chaos.seed()
        # In each answer that has the byte, or only in one.
        self.is_lasting = self.place in ("tag", "end") or chaos.random.random() < 0.5
        size = served.size
        self.offset = {
            "transit": lambda: chaos.random.randrange(size + _TAG),
            "cache": lambda: 0,
            "tag": lambda: size + chaos.random.randrange(_TAG),
            "end": lambda: max(0, size - 1 - chaos.random.randrange(64)),
        }[self.place]()

    @property
    def sid(self):
        return self.served.sid

    @property
    def rule(self):
        """The simulator's rule."""
        return {
            "host": self._host, "path": f"*{self.sid}*", **({} if self.is_lasting else {"count": _ANSWERS}),
            "action": {"type": "corrupt", "offset": self.offset, "mask": 1 << self.bit}}

    @property
    def _host(self):
        return "api" if self.sid.startswith("RE") else "media"

    def has_happened(self, requests):
        """Whether an answer to one of the requests had the byte that is another."""
        if self.place == "cache":
            return True
        own = [one for one in requests if one["host"] == self._host and self.sid in one["path"]]
        return any(self._is_in(one) for one in (own if self.is_lasting else own[:_ANSWERS]))

    def _is_in(self, request):
        if request["status"] not in (200, 206):
            return False
        start = 0
        if request["status"] == 206:
            first, last = re.fullmatch(r"bytes=(\d*)-(\d*)", request["range"]).groups()
            start = int(first) if first else max(0, self.served.size + _TAG - int(last))
        return start <= self.offset < start + (request["bodyBytes"] or 0)


def _options(mode):
    # Only what is read is fetched.
    return (
        "--integrity", mode, "--no-probing", "--cache-size", "2G", "--cache-min-free", "0", "--log-level", "debug")


def _fill(chaos, account, mode, plans):
    """Has a disk cache have files, and flips a bit of each."""
    cache = chaos.new_folder("cache")
    with chaos.mount_of(account, *_options(mode), cache=cache, name=f"{mode}-filling") as mounted:
        for plan in plans:
            if (mounted.path / plan.served.place).read_bytes() != plan.served.original.read_bytes():
                raise BenchError(f"{plan.served.place} is wrong without any fault")
    _flip_blocks(chaos, cache, plans)
    return cache


def _run(chaos, account, mode, plans, results, cache):
    """Reads files whose bits are flipped, and gives those with which nothing has happened."""
    account.forget_requests()
    account.add_faults(*(plan.rule for plan in plans if plan.place != "cache"))
    name = f"{mode}-{cache.name}"
    outcomes = []
    with chaos.mount_of(account, *_options(mode), cache=cache, name=name) as mounted:
        for plan in chaos.random.sample(plans, len(plans)):
            outcomes.append((plan, _outcome(mounted.path / plan.served.place, plan)))
    account.clear_faults()
    told_of = _recordings_of(chaos.log_lines(name))
    requests = account.requests()
    left = []
    for plan, outcome in outcomes:
        if not plan.has_happened(requests):
            if plan.is_lasting:
                raise BenchError(f"{plan.served.place} was read without its byte {plan.offset}: {outcome}")
            # The few answers that it was for had other bytes: the next time it is for all.
            plan.is_lasting = True
            left.append(plan)
            continue
        if outcome == "right" and plan.sid in told_of:
            outcome = "repaired"
        results[outcome] += 1
        chaos.note(
            outcome, sid=plan.sid, size=plan.served.size, place=plan.place, offset=plan.offset, bit=plan.bit,
            lasting=plan.is_lasting, manner=plan.manner, mode=mode)
    return left


def _recordings_of(lines):
    """The recordings of whose damage a log tells."""
    telling = re.compile(r"damaged|authentic|tag|envelope|signature|describe", re.IGNORECASE)
    sids = re.compile(r"\b(?:RE|RT|CJ)[0-9a-f]{32}\b")
    return set(itertools.chain.from_iterable(sids.findall(line) for line in lines if telling.search(line)))


def _flip_blocks(chaos, cache, plans):
    """Flips a bit of a block of each recording, in the disk cache."""
    store = next(cache.rglob("index.sqlite")).parent
    with closing(sqlite3.connect(f"file:{store}/index.sqlite?mode=ro", uri=True)) as database:
        blocks = list(database.execute("SELECT sid, block.id FROM content JOIN block ON block.content = content.id"))
    for plan in plans:
        own = [number for sid, number in blocks if sid == plan.sid]
        if not own:
            raise BenchError(f"the disk cache has nothing of {plan.served.place}")
        path = store / "blocks" / str(own[0] // 4096) / str(own[chaos.random.randrange(len(own))])
        path = next(store.glob(f"blocks/*/{path.name}"))
        plan.offset = chaos.random.randrange(path.stat().st_size)
        with open(path, "r+b") as file:
            file.seek(plan.offset)
            byte = file.read(1)[0]
            file.seek(plan.offset)
            file.write(bytes([byte ^ 1 << plan.bit]))


def _outcome(path, plan):
    """What a program gets that reads a whole file: `failed`, `right`, or `forged`."""
    try:
        read = _READERS[plan.manner](path, plan)
    except OSError as error:
        # ESTALE: what described the media was damaged, so that it seems to be other media.
        if error.errno not in (errno.EIO, errno.ESTALE):
            raise BenchError(f"{path.name}: {error}") from error
        return "failed"
    return "right" if read == plan.served.original.read_bytes() else "forged"


def _read_whole(path, _):
    return path.read_bytes()


def _pieces(path, plan, order):
    """The bytes of a file, whose pieces are read in some order."""
    size = 1 << (9 + plan.seed % 9)
    starts = order(list(range(0, path.stat().st_size, size)))
    descriptor = os.open(path, os.O_RDONLY)
    try:
        read = {start: os.pread(descriptor, size, start) for start in starts}
    finally:
        os.close(descriptor)
    return b"".join(read[start] for start in sorted(read))


def _read_backward(path, plan):
    return _pieces(path, plan, lambda starts: starts[::-1])


def _read_at_random(path, plan):
    # An order that follows from the plan alone.
    return _pieces(path, plan, lambda starts: sorted(starts, key=lambda start: hash((start, plan.seed))))


def _read_mapped(path, plan):
    result = subprocess.run(
        [sys.executable, "-I", "-S", "-c", _MAPPED, path, str(plan.seed)], capture_output=True, check=False)
    if result.returncode == -signal.SIGBUS:
        raise OSError(errno.EIO, "a page can't be read")
    if result.returncode:
        raise BenchError(f"a mapped file can't be read: {result.stderr.decode(errors='replace')}")
    return result.stdout


_READERS = dict(zip(_MANNERS, (_read_whole, _read_backward, _read_at_random, _read_mapped)))
