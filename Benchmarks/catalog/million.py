"""The account that most rows share, and its catalog: once as a first sync leaves it, once with all sizes known."""

import shutil
import time

from catalog import database
from generated import Generated
from settings import BenchError

_LATENCY = 20
# Nothing takes as long; what does is broken.
_PATIENCE = 1800


def account(sizes):
    return Generated("million", sizes.recordings, latency=_LATENCY)


def sync(bench, cache, look=None, options=()):
    """Brings the list into an empty cache folder, and gives the seconds from the start of the mount.

    `look` gets the mount as soon as the list is complete. `options` are further ones of the mount.
    """
    start = time.perf_counter()
    with bench.mounted(cache, options=options) as mounted:
        mounted.await_list("recordings", _PATIENCE)
        seconds = time.perf_counter() - start
        known = mounted.status()["lists"]["recordings"]["recordings"]
        if known != bench.account.count:
            raise BenchError(f"the list is said to be complete with {known} of {bench.account.count} recordings")
        if look:
            look(mounted)
    return seconds


def keep(bench, cache):
    """Has the other rows use a catalog, or removes it when they have one."""
    synced = bench.shared_folder("synced")
    if synced.exists():
        bench.remove(cache)
    else:
        cache.rename(synced)


def synced(bench):
    """The cache folder with the whole list and no size; it stays as it is."""
    folder = bench.shared_folder("synced")
    if not folder.exists():
        cache = bench.new_folder("cache")
        sync(bench, cache)
        keep(bench, cache)
    return folder


def sized(bench):
    """The cache folder with the whole list and all sizes; it stays as it is."""
    folder = bench.shared_folder("sized")
    if not folder.exists():
        cache = bench.new_folder("cache") / "catalog"
        shutil.copytree(synced(bench), cache)
        # Of each of the two lengths that there are, one is learnt as it is in a real mount.
        with bench.mounted(cache) as mounted:
            for name in database.names_of_each_length(cache):
                (mounted.path / "recordings" / name).stat()
        database.fill_sizes(cache)
        with bench.mounted(cache):
            # It has computed the checksums of the rows when it is mounted.
            pass
        total = database.known_bytes(cache)
        if total != bench.account.total_size:
            raise BenchError(f"the sizes in the catalog sum up to {total}, and not to {bench.account.total_size}")
        cache.rename(folder)
    return folder


SIZES_NOTE = (
    "sizes are put into the catalog with SQL, as two that the mount has learnt: a million requests would take long.")
