"""Prints texts that are JSON or nearly so, in Base64, with Python's verdict on each.

    json_texts.py SEED
"""

import base64
import json
import random
import sys

ALPHABET = ["a", "Z", '"', "\\", "{", "}", "[", "]", ",", ":", " ", "\n", "é", "😀", "\u0000", "/", "\x7f", "0"]
BYTES = b'"\\{}[],:0123456789.-+eEuntrfal/b \n\t\r\0\x1f\x7f\x80\xbf\xc0\xc3\xed\xf4\xff'
PIECES = [bytes([byte]) for byte in BYTES] + [
    b"\\u0041", b"\\ud800", b"\\u12g4", b"\\x", b'"a":1,', b"null", b"true", b"nul", b"01", b"1.", b".5", b"1e", b"-",
    b"\xc3\xa9", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xf0\x9f\x98\x80", b"\xef\xbb\xbf", b"NaN",
    b"//",
]


def text():
    return "".join(random.choice(ALPHABET) for _ in range(random.randrange(24)))


def value(depth):
    kind = random.randrange(9 if depth else 7)
    if kind == 0:
        return None
    if kind == 1:
        return random.random() < 0.5
    if kind == 2:
        return random.randint(-(10**18), 10**18)
    if kind == 3:
        return random.uniform(-1e9, 1e9) * 10 ** random.randint(-30, 30)
    if kind <= 6:
        return text()
    if kind == 7:
        return [value(depth - 1) for _ in range(random.randrange(4))]
    return {text(): value(depth - 1) for _ in range(random.randrange(4))}


def dump(content):
    return json.dumps(
        content, indent=random.choice([None, None, 0, 2]), ensure_ascii=random.random() < 0.5,
        separators=random.choice([(",", ":"), (", ", ": "), (" ,\t", " :\r\n")]))


def mutated(content):
    for _ in range(random.randrange(1, 4)):
        start = random.randrange(len(content) + 1)
        end = min(len(content), start + random.choice([0, 0, 1, 1, 2, 9]))
        content = content[:start] + (random.choice(PIECES) if random.random() < 0.8 else b"") + content[end:]
    return content


def refuse(constant):
    raise ValueError(constant)


def is_json(content):
    try:
        json.loads(content.decode("utf-8"), parse_constant=refuse)
        return True
    except ValueError:
        return False


def main(seed):
    random.seed(int(seed))
    samples = []
    for _ in range(1500):
        content = dump(value(4)).encode()
        if random.random() < 0.7:
            content = mutated(content)
        samples.append({"text": base64.b64encode(content).decode(), "isJSON": is_json(content)})
    print(json.dumps(samples))


main(*sys.argv[1:])
