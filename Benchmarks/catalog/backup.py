"""A backup of a large account that has everything already."""

import os
import subprocess
from contextlib import contextmanager

from catalog import database
from figures import Bar, Contest, Figure, Row
from generated import Generated
from processes import timed
from settings import BenchError, program

_LISTS = ("/Recordings.json", "/v1/Recordings", "/v1/Compositions")


def rows(sizes):
    # The first one opens as many envelopes, and four times as fast as with the keys of the other accounts.
    account = Generated("backup", sizes.copied_recordings, envelopes="shared", key_bits=2048)
    figures = (
        Figure(
            f"second `rsync -a` of {account.count:,} recordings: requests beyond the refreshes", "1", limit=0,
            bar=Bar(0, is_ceiling=True)),
        Figure("… its time", "s", key="second"),
        Figure("… the first one's time", "s", key="first"))
    note = "it is made through a new mount, which checks the credentials and refreshes its lists."
    return [Row("rsync", figures, account, [], _measure, (note,))]


@contextmanager
def _measure(row, bench):
    account = bench.account

    def ours():
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
            bench.remove(target)
        others = [
            request for request in requests
            if not account.is_check(request) and not request["path"].endswith(_LISTS)]
        return {"": len(others), "second": second, "first": first}

    yield Contest(ours, runs=1)
