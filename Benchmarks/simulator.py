"""twilio-simulator as a child process, with a key pair, and what its control interface tells and changes."""

import base64
import json
import ssl
import urllib.parse
import urllib.request
from contextlib import ExitStack

from processes import Server, run
from settings import BenchError, program

# Straight to the loopback interface, whatever proxies the surroundings have.
_opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class Simulator:
    """Serves an account for the `with` block."""

    def __init__(self, settings, folder, arguments, key_bits=2048, log=None):
        self.private_key = folder / "private_key.pem"
        self.description = {}
        self._settings = settings
        self._folder = folder
        self._arguments = arguments
        self._key_bits = key_bits
        self._log = log or folder / "simulator.log"
        self._server = None
        self._stack = ExitStack()

    def __enter__(self):
        with ExitStack() as stack:
            self._start(stack)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, *_):
        self._stack.close()

    def _start(self, stack):
        public_key = self._folder / "public_key.pem"
        run([program("openssl"), "genrsa", "-out", self.private_key, self._key_bits])
        run([program("openssl"), "rsa", "-in", self.private_key, "-pubout", "-out", public_key])
        ready = self._folder / "simulator.json"
        self._server = stack.enter_context(Server(
            [self._settings.simulator, "--public-key", public_key, "--ready-file", ready, *self._arguments],
            self._log))
        # It reads everything once and encrypts it before it is ready.
        self._server.await_readiness(ready.exists, 600)
        self.description = json.loads(ready.read_text())

    @property
    def api_url(self):
        return self.description["apiURL"]

    @property
    def media_url(self):
        return self.description["mediaURL"]

    @property
    def processor_seconds(self):
        return self._server.processor_seconds

    def set_behaviour(self, **members):
        self._control("behaviour", method="PATCH", data=json.dumps(members).encode())

    def manifest(self):
        return json.loads(self._control("manifest"))

    def add_public_key(self, pem):
        """Gives the account a public key, and returns its SID."""
        login = base64.b64encode(f"{self.description['accountSid']}:{self.description['authToken']}".encode()).decode()
        request = urllib.request.Request(
            f"{self.api_url}/v1/Credentials/PublicKeys", urllib.parse.urlencode({"PublicKey": pem}).encode(),
            {"Authorization": f"Basic {login}"})
        try:
            with _opener.open(request, timeout=60) as answer:
                return json.load(answer)["sid"]
        except OSError as error:
            raise BenchError(f"the simulator doesn't take a public key: {error}") from error

    def requests(self):
        """The requests since they were forgotten, in order; those of this class aren't among them."""
        return json.loads(self._control("requests"))

    def forget_requests(self):
        self._control("requests", method="DELETE")

    def _opener(self):
        if "caFile" not in self.description:
            return _opener
        context = ssl.create_default_context(cafile=self.description["caFile"])
        return urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context))

    def _control(self, path, **request):
        url = f"{self.api_url}/_simulator/{path}"
        try:
            with self._opener().open(urllib.request.Request(url, **request), timeout=60) as answer:
                return answer.read()
        except OSError as error:
            raise BenchError(f"the simulator doesn't answer: {error}") from error
