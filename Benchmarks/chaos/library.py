"""Files to read: of all kinds, and of sizes around those that mean something."""

from media import Noise, Original
from settings import KIB, MIB

_KINDS = (("recordings", "wav"), ("video-recordings", "mka"), ("compositions", "mp4"))
SMALL = (1, 3 * KIB, 64 * KIB, 100 * KIB, 128 * KIB + 1, 300 * KIB, 1100 * KIB)
LARGE = (15, 128 * KIB - 1, 128 * KIB, 700 * KIB, MIB + 13, 3 * MIB, 5 * MIB + 7)
KINDS = tuple(kind for kind, _ in _KINDS)
VOICE = _KINDS[:1]


def originals(chaos, count, sizes, kinds=_KINDS):
    """So many files, by turns of each kind, with sizes that the seed chooses."""
    return [
        Original(kinds[number % len(kinds)][0], f"file-{number:04}.{kinds[number % len(kinds)][1]}",
                 Noise(chaos.random.choice(sizes)))
        for number in range(count)]
