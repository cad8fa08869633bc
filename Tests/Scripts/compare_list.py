"""Compares a list of an account with resources in a file, one a line; prints a line for each difference.

    compare_list.py API NAME PASSWORD FIRST_PAGE KEY FILE
"""

import base64
import json
import sys
import urllib.parse
import urllib.request


def add(resources, resource):
    assert resource["sid"] not in resources, "twice: " + resource["sid"]
    resources[resource["sid"]] = resource


def listed(api, user, password, address, key):
    """The resources of a list, by SID."""
    authorization = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
    found = {}
    while address:
        request = urllib.request.Request(api + address, headers={"Authorization": authorization})
        with urllib.request.urlopen(request) as answer:
            page = json.load(answer)
        for resource in page[key]:
            add(found, resource)
        address = page["next_page_uri"] if "next_page_uri" in page else page["meta"]["next_page_url"]
        if address and address.startswith("http"):
            parts = urllib.parse.urlsplit(address)
            address = parts.path + "?" + parts.query
    return found


def stored(path):
    """The resources of a file, by SID."""
    found = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            add(found, json.loads(line))
    return found


def main(api, user, password, first, key, path):
    account, catalog = listed(api, user, password, first, key), stored(path)
    for sid in sorted(account.keys() | catalog.keys()):
        pair = [resources.get(sid, {}) for resources in (account, catalog)]
        # Voice lists leave out deleted recordings, and the catalog never shows one.
        there, here = [resource if resource.get("status") != "deleted" else {} for resource in pair]
        if there != here:
            print(sid, "account:", there.get("status"), "catalog:", here.get("status"))


main(*sys.argv[1:])
