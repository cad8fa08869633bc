"""A backup of a large account that has everything already."""

import os
import subprocess

from generated import Generated
from measuring import Bar, Outcome, Row, duration
from processes import timed
from settings import BenchError, program


def rows(sizes):
    account = Generated("backup", sizes.copied_recordings, envelopes="shared")
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
            raise BenchError(f"rsync copied {len(sizes)} files with {sum(sizes)} bytes, and not {account.total_size} bytes")
        account.forget_requests()
        second = copy()
        paths = [request["path"] for request in account.requests()]
    finally:
        # A copy is as read-only as what it was made from.
        subprocess.run(["chmod", "-R", "u+w", str(target)], check=False)
    lists = sum(path.endswith(("/Recordings.json", "/v1/Recordings", "/v1/Compositions")) for path in paths)
    checks = sum(path.endswith(f"/{account.description['accountSid']}.json") for path in paths)
    others = len(paths) - lists - checks
    return [
        Outcome(row.name, row.figure, "none", str(others), "0", others, Bar(0, is_ceiling=True), 1),
        Outcome(
            row.name, "… its time", "the first one", duration(second), duration(first), second / first, None, 1,
            [f"it is made through a new mount, which checked the credentials with {checks} and refreshed its lists with "
             f"{lists} requests."])]
