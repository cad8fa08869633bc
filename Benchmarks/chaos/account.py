"""A Twilio account whose service goes wrong: the simulator, its rules for faults, and the plaintext it was made of."""

import base64
import json
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import media
from simulator import Simulator

_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True)
class Served:
    """One recording: where it is in the mount, and on the local disk before it was encrypted."""

    sid: str
    place: str
    original: Path
    size: int


class ServedAccount(Simulator):
    """Serves originals for the `with` block."""

    def __init__(self, chaos, originals, arguments=()):
        folder = chaos.new_folder("account")
        self.media_folder = folder / "media"
        self.recordings = {}  # by the originals' names
        self._originals = originals
        self._chaos = chaos
        super().__init__(
            chaos.settings, folder, ["--media", self.media_folder, *arguments], log=chaos.logs / "simulator.log")

    def _start(self, stack):
        for original in self._originals:
            link = self.media_folder / original.kind / original.name
            link.parent.mkdir(parents=True, exist_ok=True)
            link.hardlink_to(media.provide(original.content, self._chaos.settings.folder))
        super()._start(stack)
        for sid, entry in self.manifest().items():
            extension = entry["name"].rsplit(".", 1)[1]
            self.recordings[entry["name"]] = Served(
                sid, f"{entry['kind']}s/{sid}.{extension}", Path(entry["path"]), entry["size"])

    def set_behaviour(self, **members):
        self._chaos.note("behaviour", **members)
        super().set_behaviour(**members)

    def add_faults(self, *rules):
        """Adds rules for what goes wrong (twilio-simulator(1)), and notes them."""
        self._chaos.note("faults", rules=rules)
        self._control("faults", method="POST", data=json.dumps(rules).encode())

    def change(self, action, **members):
        """Changes a resource (twilio-simulator(1))."""
        self._control("resources", method="POST", data=json.dumps({"action": action, **members}).encode())

    def listed(self, name):
        """The resources of a list of the 2010 API."""
        login = base64.b64encode(f"{self.description['accountSid']}:{self.description['authToken']}".encode()).decode()
        path = f"/2010-04-01/Accounts/{self.description['accountSid']}/{name}.json?PageSize=1000"
        while path:
            request = urllib.request.Request(self.api_url + path, headers={"Authorization": f"Basic {login}"})
            with _opener.open(request, timeout=60) as answer:
                page = json.load(answer)
            yield from page[name.lower()]
            path = page["next_page_uri"]

    def clear_faults(self):
        self._chaos.note("no faults")
        self._control("faults", method="DELETE")
