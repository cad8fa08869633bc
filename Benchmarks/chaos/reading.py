"""Reads in every way and at every place, through a service that fails."""

from chaos import faults, library
from chaos.harness import none, row, told
from chaos.readers import exercise, late, wrong
from processes import wait_until


def rows(sizes):
    count, threads = (2000, 24) if sizes.is_quick else (1_000_000, 64)
    figures = (
        wrong(f"{count:,} random reads through faults, by pread, O_DIRECT, mmap, sendfile, of {threads} threads"),
        none("… reads that failed", "errors"), late(), told("… the longest", "s", "longest"),
        told("… their time", "s", "time"))
    return [row("reads", figures, lambda chaos: _measure(chaos, count, threads), (faults.NOTE,))]


def _measure(chaos, count, threads):
    account = chaos.account(library.originals(chaos, chaos.amount(60, 20), library.LARGE))
    # A short run has its silence in another row.
    faults.begin(chaos, account, stalled=chaos.amount(0.02, 0))
    # A file's share of memory is less than the largest files, which are fetched again and again. At such a service, a
    # fetch takes seconds.
    mounted = chaos.mounted(account, "--memory", chaos.amount("200M", "32M"))
    # A name that isn't listed yet is looked up for three seconds only.
    wait_until(lambda: _are_listed(mounted), 60)
    begin = chaos.clock()
    tally = exercise(
        chaos, account.recordings.values(), mounted.path, "reads", count=count, threads=threads,
        forget=chaos.amount(1, 20))
    return {
        "wrong": tally.wrong, "errors": tally.errors, "late": tally.late, "longest": tally.longest,
        "time": chaos.clock() - begin}


def _are_listed(mounted):
    lists = mounted.status()["lists"]
    return all(lists[kind]["state"] == "complete" for kind in library.KINDS)
