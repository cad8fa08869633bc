#!/usr/bin/env python3
"""Follows the pages of a list one by one, and prints the seconds that it takes and the number of resources.

    page_chain.py URL NAME:PASSWORD

Each page is parsed, since it names the next one; nothing is done with what is on it.
"""

import base64
import http.client
import json
import sys
import time
from urllib.parse import urlsplit


def main(url, credentials):
    address = urlsplit(url)
    connection = http.client.HTTPConnection(address.hostname, address.port)
    headers = {"Authorization": "Basic " + base64.b64encode(credentials.encode()).decode()}
    place, count = f"{address.path}?PageSize=1000", 0
    start = time.perf_counter()
    while place:
        connection.request("GET", place, headers=headers)
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            sys.exit(f"{place} was answered with {answer.status}")
        page = json.loads(text)
        count += len(page["recordings"])
        place = page["next_page_uri"]
    print(time.perf_counter() - start, count)


main(*sys.argv[1:])
