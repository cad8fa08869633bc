"""Reads JSON, and prints it in one form: sorted members, no blanks, ASCII."""

import json
import sys

print(json.dumps(json.load(sys.stdin), sort_keys=True, separators=(",", ":")), end="")
