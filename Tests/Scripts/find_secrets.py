"""Looks for plaintext and content keys in a cache folder; prints a line for each that is there.

    find_secrets.py FOLDER PRIVATE_KEY API ACCOUNT TOKEN ORIGINAL…
"""

import base64
import json
import os
import sys
import urllib.request

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.serialization import load_pem_private_key


def contents(path):
    with open(path, "rb") as file:
        return file.read()


def pieces(originals):
    """Some bytes of the beginning, the middle and the end of each file."""
    for path in originals:
        data = contents(path)
        for place in (0, len(data) // 2, len(data) - 64):
            piece = data[max(0, place):max(0, place) + 32]
            if len(set(piece)) > 8:
                yield path, piece


def keys(key_file, api, account, token):
    """The content key of each voice recording, in three spellings."""
    private_key = load_pem_private_key(contents(key_file), None)
    request = urllib.request.Request(f"{api}/2010-04-01/Accounts/{account}/Recordings.json")
    request.add_header("Authorization", "Basic " + base64.b64encode(f"{account}:{token}".encode()).decode())
    with urllib.request.urlopen(request) as answer:
        recordings = json.load(answer)["recordings"]
    for recording in recordings:
        details = recording["encryption_details"]
        if not details:
            continue
        oaep = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
        key = private_key.decrypt(base64.b64decode(details["encrypted_cek"]), oaep)
        assert len(key) == 32
        for spelling in (key, key.hex().encode(), base64.b64encode(key)[:40]):
            yield "the content key of " + recording["sid"], spelling


def main(cache, key_file, api, account, token, *originals):
    needles = [*pieces(originals), *keys(key_file, api, account, token)]
    assert len(needles) > 10
    size = 0
    for folder, _, names in os.walk(cache):
        for name in names:
            try:
                data = contents(os.path.join(folder, name))
            except FileNotFoundError:
                # A journal, for instance, which has just been deleted.
                continue
            size += len(data)
            for what, needle in needles:
                if needle in data:
                    print(what, "is in", name)
    assert size > 2_000_000, "there is nothing in the cache"


main(*sys.argv[1:])
