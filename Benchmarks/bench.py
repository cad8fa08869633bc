"""What a row is measured with: the account, places for mounts, and caches with what earlier mounts have learnt."""

import hashlib
import itertools
import shutil
from contextlib import contextmanager

import mount
from settings import BenchError


class Bench:
    """One row's surroundings."""

    def __init__(self, settings, account, folder, twiliofs=None):
        self.settings = settings
        self.sizes = settings.sizes
        self.account = account
        self.folder = folder
        self.twiliofs = twiliofs or settings.twiliofs
        self._numbers = itertools.count()
        folder.mkdir(parents=True)

    def recording(self, name):
        return self.account.recordings[name]

    def shared_folder(self, name):
        """The path of a folder that the rows of an account share, and no other program of twiliofs."""
        return self.account.folder / f"{name}-{hashlib.sha256(bytes(self.twiliofs)).hexdigest()[:8]}"

    def new_folder(self, name):
        """An empty folder that goes with the run."""
        folder = self.folder / f"{name}-{next(self._numbers)}"
        folder.mkdir(parents=True)
        return folder

    def mounted(self, cache, **options):
        """A new mount: nothing of it is in the kernel's memory."""
        return mount.mount_account(self.twiliofs, self.account, self.folder / "twiliofs", cache, **options)

    def known(self, *recordings):
        """The folder of a catalog that knows the attributes of recordings."""
        cache = self.new_folder("cache")
        with self.mounted(cache) as mounted:
            for recording in recordings:
                mounted.file(recording)
        return cache

    @contextmanager
    def rclone(self):
        with mount.mount_rclone(self.account, self.folder / "rclone") as mounted:
            yield mounted.path

    def has_option(self, name):
        return mount.has_option(self.twiliofs, name)

    def check(self, path, recording):
        """Fails unless a file in a mount is what it was made of: speed with wrong bytes is none."""
        with open(path, "rb") as copy, open(recording.original, "rb") as original:
            while True:
                piece = original.read(1 << 20)
                if copy.read(1 << 20) != piece:
                    raise BenchError(f"{recording.place} in the mount is not what it was made of")
                if not piece:
                    return

    @staticmethod
    def remove(folder):
        shutil.rmtree(folder, ignore_errors=True)
