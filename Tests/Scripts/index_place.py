"""Checks that the index of an mp4 stands at its end.

    index_place.py FILE
"""

import sys

with open(sys.argv[1], "rb") as file:
    content = file.read()
assert content.rfind(b"moov") > content.find(b"mdat") + len(content) // 2, "the index isn't at the end"
