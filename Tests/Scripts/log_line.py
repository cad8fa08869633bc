"""Reads a line of a log in JSON; checks its time, and prints the other members, sorted.

    log_line.py BEGIN

BEGIN is a time before the line, in seconds since 1970.
"""

import datetime
import json
import sys


def main(begin):
    line = json.loads(sys.stdin.read())
    time = datetime.datetime.fromisoformat(line.pop("time").replace("Z", "+00:00"))
    now = datetime.datetime.now(datetime.timezone.utc)
    assert float(begin) - 1 < time.timestamp() < now.timestamp() + 1, time
    assert time.utcoffset() == datetime.timedelta(0), time
    print(json.dumps(line, sort_keys=True))


main(*sys.argv[1:])
