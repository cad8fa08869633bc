"""Garbles the catalog of a mount while a program goes through a directory; prints what programs notice.

    damage_while_listed.py MOUNT CACHE_FOLDER
"""

import errno
import glob
import os
import sys
import time

import catalog_file


def list_again(folder):
    """Lists a folder until that works; returns the number of failures, and the names."""
    for failures in range(5):
        try:
            return failures, os.listdir(folder)
        except OSError as error:
            assert error.errno == errno.EIO, error
    raise AssertionError("it fails for good")


def main(mount, cache):
    path = catalog_file.find(cache)
    while glob.glob(path + "-bulk-*"):
        time.sleep(0.01)
    with os.scandir(mount + "/recordings") as handle:
        next(handle)
        catalog_file.garble(path)
        failures, names = list_again(mount + "/recordings")
        print("failures", failures, "names", len(names), len(set(names)))
        try:
            print("handle went on", len(list(handle)))
        except OSError as error:
            print("handle failed", error.errno)


main(*sys.argv[1:])
