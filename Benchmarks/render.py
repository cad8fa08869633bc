#!/usr/bin/env python3
"""Writes results.md from results.jsonl and machines.json.

    Benchmarks/render.py [FOLDER]

The folder is Benchmarks itself when none is given.
"""

import sys
from pathlib import Path

import rendering
from settings import Sizes
from tables import TABLES


def main(folder):
    target = folder / "results.md"
    target.write_text(rendering.document(TABLES.values(), Sizes(), folder), encoding="utf-8")
    print(f"Written to {target}.", file=sys.stderr)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).resolve().parent)
