#!/usr/bin/env python3
"""Asks for sizes of media one by one on one connection, and prints the seconds that it takes and their sum.

    one_by_one.py NAME:PASSWORD URL…
"""

import base64
import http.client
import sys
import time
from urllib.parse import urlsplit


def main(credentials, urls):
    addresses = [urlsplit(url) for url in urls]
    connection = http.client.HTTPConnection(addresses[0].hostname, addresses[0].port)
    headers = {"Authorization": "Basic " + base64.b64encode(credentials.encode()).decode(), "Range": "bytes=-32"}
    total = 0
    start = time.perf_counter()
    for address in addresses:
        connection.request("GET", address.path, headers=headers)
        answer = connection.getresponse()
        answer.read()
        if answer.status != 206:
            sys.exit(f"{address.path} was answered with {answer.status}")
        total += int(answer.headers["Content-Range"].rpartition("/")[2])
    print(time.perf_counter() - start, total)


main(sys.argv[1], sys.argv[2:])
