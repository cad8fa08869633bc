"""A Twilio account with as many voice recordings as wanted, which the simulator makes up as they are asked for."""

from dataclasses import dataclass

from simulator import Simulator


@dataclass(frozen=True)
class Generated:
    """What an account is to be."""

    name: str
    count: int
    latency: int = 0  # milliseconds before each answer
    # `random` lists envelopes that are as unlike as real ones, but can't be opened; `shared` those of a few keys.
    envelopes: str = "random"
    # Of the private key; what each recording lists of it is as long.
    key_bits: int = 4096

    def __str__(self):
        return self.name


class GeneratedAccount(Simulator):
    """Serves the recordings for the `with` block."""

    def __init__(self, settings, folder, plan):
        super().__init__(
            settings, folder,
            ["--generate-recordings", plan.count, "--generated-envelopes", plan.envelopes, "--latency", plan.latency],
            key_bits=plan.key_bits)
        self.folder = folder
        self.count = plan.count
        self.latency = plan.latency

    @property
    def total_size(self):
        """The bytes of all recordings: telephone sound of one and two seconds by turns, each with a WAVE header."""
        return sum(44 + 16_000 * (1 + number % 2) for number in range(self.count))

    @property
    def list_url(self):
        """The list of the recordings, without a query."""
        return f"{self.api_url}/2010-04-01/Accounts/{self.description['accountSid']}/Recordings.json"

    @property
    def credentials(self):
        """What HTTP's Basic authentication takes."""
        return f"{self.description['accountSid']}:{self.description['authToken']}"

    @staticmethod
    def is_check(request):
        """Whether a mount asked with it whether its credentials reach a list, as each does when it begins."""
        return request["query"] == "PageSize=1"
