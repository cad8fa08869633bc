"""A backup of a large account that has everything already."""

import os
import subprocess

from catalog import database
from generated import Generated
from measuring import Bar, Outcome, Row, duration
from processes import timed
from settings import BenchError, program

_LISTS = ("/Recordings.json", "/v1/Recordings", "/v1/Compositions")


def rows(sizes):
    # The first one opens as many envelopes, and four times as fast as with the keys of the other accounts.
    account = Generated("backup", sizes.copied_recordings, envelopes="shared", key_bits=2048)
    return [
        Row("rsync", f"second `rsync -a` of {account.count:,} recordings: requests beyond the refreshes", account, [],
            _measure)]


def _measure(row, bench):
    account = bench.account
    cache, target = bench.new_folder("cache"), bench.new_folder("copy")

    def copy():
        # Nothing is known to the kernel.
        with bench.mounted(cache) as mounted:
            return timed([program("rsync"), "-a", f"{mounted.path}/recordings/", target])

    try:
        first = copy()
        sizes = [entry.stat().st_size for entry in os.scandir(target)]
        if (len(sizes), sum(sizes)) != (account.count, account.total_size):
            raise BenchError(
                f"rsync copied {len(sizes)} files with {sum(sizes)} bytes, and not {account.total_size} bytes")
        # So that the second one refreshes the lists, however little time has passed.
        database.forget_refreshes(cache, 3600)
        account.forget_requests()
        second = copy()
        requests = account.requests()
    finally:
        # A copy is as read-only as what it was made from.
        subprocess.run(["chmod", "-R", "u+w", str(target)], check=False)
    checks = sum(map(account.is_check, requests))
    lists = sum(request["path"].endswith(_LISTS) for request in requests) - checks
    others = len(requests) - lists - checks
    return [
        Outcome(row.name, row.figure, "none", str(others), "0", others, Bar(0, is_ceiling=True), 1),
        Outcome(
            row.name, "… its time", "the first one", duration(second), duration(first), second / first, None, 1,
            [f"it is made through a new mount, which checked the credentials with {checks} and refreshed its lists with "
             f"{lists} requests."])]
