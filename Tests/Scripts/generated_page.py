"""Checks pages of the simulator's generated recordings.

    generated_page.py resources PAGE PREFIX NAME:PASSWORD SID…
        compares the resources of a page, a file, with each got alone; prints their number
    generated_page.py envelopes
        reads a page; prints for each part of an envelope how many are different, and whether they look random
"""

import base64
import json
import sys
import urllib.request
import zlib


def resources(page, prefix, credentials, *sids):
    with open(page, encoding="utf-8") as file:
        listed = json.load(file)["recordings"]
    authorization = "Basic " + base64.b64encode(credentials.encode()).decode()
    for resource, sid in zip(listed, sids, strict=False):
        request = urllib.request.Request(prefix + sid + ".json", headers={"Authorization": authorization})
        with urllib.request.urlopen(request) as answer:
            assert json.load(answer) == resource, (sid, resource)
    print(len(listed))


def envelopes():
    details = [resource["encryption_details"] for resource in json.load(sys.stdin)["recordings"]]
    for name, size in (("encrypted_cek", 256), ("iv", 12)):
        values = [base64.b64decode(detail[name], validate=True) for detail in details]
        assert all(len(value) == size for value in values)
        assert all(base64.b64encode(value).decode() == detail[name] for value, detail in zip(values, details))
        together = b"".join(values)
        print(name, len(set(values)), len(zlib.compress(together, 9)) > 0.99 * len(together))


{"resources": resources, "envelopes": envelopes}[sys.argv[1]](*sys.argv[2:])
