"""Seals with Python's cryptography. Reads a list of requests, in JSON; prints a list of results, in hexadecimal.

A request has a member `do`, and its bytes in hexadecimal.
"""

import json
import os
import sys

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives import padding as block_padding
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes


def multiply(x, y):
    """The product in GHASH's field."""
    z = 0
    for i in range(128):
        if x >> (127 - i) & 1:
            z ^= y
        y = y >> 1 ^ (0xE1 << 120 if y & 1 else 0)
    return z


def inverse(x):
    """The inverse in GHASH's field."""
    result, exponent = 1 << 127, (1 << 128) - 2
    while exponent:
        if exponent & 1:
            result = multiply(result, x)
        x, exponent = multiply(x, x), exponent >> 1
    return result


def ecb(key):
    return Cipher(algorithms.AES(key), modes.ECB())


def vector(key, counter):
    """A GCM initialization vector of 16 bytes whose counter block J₀ ends with a counter."""
    h = int.from_bytes(ecb(key).encryptor().update(bytes(16)), "big")
    j0 = int.from_bytes(os.urandom(12), "big") << 32 | counter
    over_h = inverse(h)
    iv = multiply(multiply(j0, over_h) ^ 128, over_h).to_bytes(16, "big")
    stream = Cipher(algorithms.AES(key), modes.GCM(iv)).encryptor().update(bytes(16))
    first = int.from_bytes(ecb(key).decryptor().update(stream), "big")
    assert first & 0xFFFFFFFF == (counter + 1) & 0xFFFFFFFF and first >> 32 == j0 >> 32
    return iv


def seal_gcm(key, iv, data):
    encryptor = Cipher(algorithms.AES(key), modes.GCM(iv)).encryptor()
    return encryptor.update(data) + encryptor.finalize() + encryptor.tag


def is_accepted(key, iv, data):
    """Whether GCM accepts ciphertext with its tag."""
    decryptor = Cipher(algorithms.AES(key), modes.GCM(iv, data[-16:])).decryptor()
    try:
        decryptor.update(data[:-16])
        decryptor.finalize()
        return True
    except InvalidTag:
        return False


def encrypt_cbc(key, iv, data):
    encryptor = Cipher(algorithms.AES(key), modes.CBC(iv)).encryptor()
    return encryptor.update(data) + encryptor.finalize()


def pad(data):
    padder = block_padding.PKCS7(128).padder()
    return padder.update(data) + padder.finalize()


def wrap(pem, data, scheme):
    return serialization.load_pem_public_key(pem.encode()).encrypt(data, scheme)


def oaep(digest, mask_digest):
    digests = {"sha1": hashes.SHA1(), "sha256": hashes.SHA256()}
    return padding.OAEP(padding.MGF1(digests[mask_digest]), digests[digest], None)


def perform(request):
    def get(name):
        return bytes.fromhex(request[name])

    match request["do"]:
        case "vector":
            return vector(get("key"), int(request["counter"]))
        case "gcm":
            return seal_gcm(get("key"), get("iv"), get("data"))
        case "gcm-verdict":
            return bytes([is_accepted(get("key"), get("iv"), get("data"))])
        case "cbc":
            return encrypt_cbc(get("key"), get("iv"), pad(get("data")))
        case "cbc-raw":
            return encrypt_cbc(get("key"), get("iv"), get("data"))
        case "pkcs1":
            return wrap(request["pem"], get("data"), padding.PKCS1v15())
        case "oaep":
            return wrap(request["pem"], get("data"), oaep(request["digest"], request["mask"]))
    raise ValueError(request["do"])


json.dump([perform(request).hex() for request in json.load(sys.stdin)], sys.stdout)
