"""Looks for the secrets of a private key in the memory of a process; prints a line for each that is there.

    scan_memory.py PROCESS PRIVATE_KEY [TEXT…]

The line has the mapping and whether that is locked. The secrets are the numbers of the key, in both orders of bytes
(libcrypto keeps them with the least first), the lines of its file, and the texts; one that begins with `hex:` stands
for bytes. Each number is looked for in pieces, so that one that was overwritten in part is found, too.
"""

import re
import sys

from cryptography.hazmat.primitives.serialization import load_pem_private_key

PIECE = 24


def needles(path, texts):
    """The name of each secret with its pieces."""
    with open(path, "rb") as file:
        pem = file.read()
    key = load_pem_private_key(pem, None)
    numbers = key.private_numbers()
    for name in ("p", "q", "d", "dmp1", "dmq1", "iqmp"):
        number = getattr(numbers, name)
        size = (number.bit_length() + 7) // 8
        for order in ("big", "little"):
            data = number.to_bytes(size, order)
            for place in (8, size - 8 - PIECE):
                yield f"{name} ({order})", data[place:place + PIECE]
    lines = pem.splitlines()
    for line in (lines[2], lines[len(lines) // 2]):
        yield "the file", line[:PIECE]
    for text in texts:
        yield ("the bytes", bytes.fromhex(text[4:])) if text.startswith("hex:") else ("the text", text.encode())


def pieces(process):
    """The memory that can be read, in pieces that overlap."""
    with open(f"/proc/{process}/smaps", encoding="utf-8") as file:
        mappings = re.findall(r"^([0-9a-f]+-[0-9a-f]+) (\S+)(.*)\n(?:(?!VmFlags).*\n)*VmFlags:(.*)", file.read(), re.M)
    with open(f"/proc/{process}/mem", "rb", buffering=0) as memory:
        for place, rights, rest, flags in mappings:
            if not rights.startswith("r") or rest.endswith(("[vvar]", "[vsyscall]", "[vvar_vclock]")):
                continue
            names = rest.split()[3:]
            name = (names[0] if names else "anonymous") + (", locked" if " lo" in flags else ", not locked")
            start, end = (int(number, 16) for number in place.split("-"))
            while start < end:
                size = min(end - start, 16 << 20)
                try:
                    memory.seek(start)
                    data = memory.read(size)
                except (OSError, ValueError):
                    break
                if not data:
                    break
                yield name, data
                start += max(1, len(data) - 64) if start + len(data) < end else len(data)


def main(process, key, *texts):
    secrets = {}
    for name, needle in needles(key, texts):
        secrets.setdefault(needle, name)
    found = set()
    size = 0
    for place, data in pieces(process):
        size += len(data)
        found.update((name, place) for needle, name in secrets.items() if needle in data)
    assert size > 1_000_000, "there is no memory to look at"
    for name, place in sorted(found):
        print(name, "in", place)


main(*sys.argv[1:])
