"""The plaintext of the recordings: made once, kept in the benchmark's folder, linked into accounts."""

import os
import random
from dataclasses import dataclass

from processes import run
from settings import MIB, program


@dataclass(frozen=True)
class Original:
    """A file of an account.

    Equal contents share one file on disk and are distinguished by their names.
    """

    kind: str  # recordings, video-recordings or compositions: the folder in the mount
    name: str
    content: object  # Noise or Film


@dataclass(frozen=True)
class Noise:
    """Bytes that nothing can compress, the same in each run."""

    size: int

    @property
    def name(self):
        return f"noise-{self.size}"

    def write(self, path):
        source = random.Random(self.size)
        with open(path, "wb") as file:
            left = self.size
            while left > 0:
                file.write(source.randbytes(min(left, MIB)))
                left -= MIB


@dataclass(frozen=True)
class Film:
    """An mp4 with sound and its index at its end, 20 MiB a minute."""

    seconds: int

    @property
    def name(self):
        return f"film-{self.seconds}.mp4"

    def write(self, path):
        # Noise, since anything else becomes smaller than asked for; a key frame each second.
        picture = f"testsrc2=size=320x240:rate=25:duration={self.seconds},noise=alls=60:allf=t"
        run([
            program("ffmpeg"), "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", picture, "-f", "lavfi", "-i",
            f"sine=frequency=220:duration={self.seconds}", "-c:v", "libx264", "-preset", "ultrafast", "-g", "25",
            "-b:v", "2700k", "-minrate", "2700k", "-maxrate", "2700k", "-bufsize", "2700k", "-pix_fmt", "yuv420p",
            "-c:a", "aac", "-b:a", "96k", "-f", "mp4", path])


def provide(content, folder):
    """The path of a content's file, made when it isn't there."""
    path = folder / "media" / content.name
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f"{path.name}.{os.getpid()}")
        try:
            content.write(temporary)
            temporary.rename(path)
        finally:
            temporary.unlink(missing_ok=True)
    return path
