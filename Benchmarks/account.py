"""A Twilio account: the simulator for its API, nginx for its media, a key pair, and the plaintext it was made of."""

import base64
import json
from contextlib import ExitStack, contextmanager

import media
from nginx import LATENCY_MILLISECONDS, Nginx
from processes import run
from settings import program
from simulator import Simulator


class StoredRecording:
    """One recording: where it is in the mount, at nginx, and on the local disk before it was encrypted."""

    def __init__(self, account, original, sid, stored):
        self.sid = sid
        self.original = account.media_folder / original.kind / original.name
        self.size = self.original.stat().st_size
        extension = original.name.rsplit(".", 1)[1]
        self.place = f"{original.kind}/{sid}.{extension}"
        self.media_path = stored["path"]
        self.ciphertext = str(account.exported) + stored["path"]
        self.plain_path = f"/plain/{original.kind}/{original.name}"
        resource = {"compositions": "Compositions", "video-recordings": "Recordings"}.get(original.kind)
        self.media_resource = f"{account.api_url}/v1/{resource}/{sid}/Media" if resource else None
        self._headers = stored["headers"]
        self._private_key = account.private_key

    def openssl_arguments(self):
        """The tutorial's command that decrypts standard input, for media that is encrypted with CBC."""
        wrapped = base64.b64decode(self._headers["x-amz-meta-x-amz-key"])
        vector = base64.b64decode(self._headers["x-amz-meta-x-amz-iv"])
        key = run(
            [program("sh"), "-c", 'printf %s "$1" | base64 -d | openssl pkeyutl -decrypt -inkey "$2"', "sh",
             base64.b64encode(wrapped).decode(), self._private_key])
        return [program("openssl"), "enc", "-d", "-aes-256-cbc", "-K", key.hex(), "-iv", vector.hex()]


class Account:
    """Serves recordings for the `with` block."""

    def __init__(self, settings, folder, originals):
        self._settings = settings
        self._folder = folder
        self._originals = originals
        self._stack = ExitStack()
        self.media_folder = folder / "media"
        self.exported = folder / "exported"
        self.recordings = {}
        self._simulator = Simulator(
            settings, folder,
            ["--media", self.media_folder, "--export-media", self.exported, "--voice-redirect", "302"])

    def __enter__(self):
        with ExitStack() as stack:
            self._start(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self._stack.close()

    def _start(self, stack):
        for original in self._originals:
            link = self.media_folder / original.kind / original.name
            link.parent.mkdir(parents=True, exist_ok=True)
            link.hardlink_to(media.provide(original.content, self._settings.folder))
        stack.enter_context(self._simulator)
        objects = json.loads((self.exported / "objects.json").read_text())
        self.nginx = stack.enter_context(Nginx(self._folder / "nginx", objects, self.exported, self.media_folder))
        self._simulator.set_behaviour(mediaOrigin=self.nginx.near)
        stored = {entry["path"].rsplit("/", 1)[1].split(".")[0]: entry for entry in objects}
        kinds = {(original.kind, original.name): original for original in self._originals}
        for sid, entry in self._simulator.manifest().items():
            original = kinds[f"{entry['kind']}s", entry["name"]]
            self.recordings[entry["name"]] = StoredRecording(self, original, sid, stored[sid])

    @property
    def description(self):
        return self._simulator.description

    @property
    def api_url(self):
        return self._simulator.api_url

    @property
    def private_key(self):
        return self._simulator.private_key

    @property
    def credentials(self):
        """What curl's `-u` takes."""
        return f"{self.description['apiKey']}:{self.description['apiSecret']}"

    @contextmanager
    def far_away(self):
        """Puts the API, and the addresses of media that it gives, at a distance."""
        self._simulator.set_behaviour(mediaOrigin=self.nginx.far, latencyMilliseconds=LATENCY_MILLISECONDS)
        try:
            yield self.nginx.far
        finally:
            self._simulator.set_behaviour(mediaOrigin=self.nginx.near, latencyMilliseconds=0)
