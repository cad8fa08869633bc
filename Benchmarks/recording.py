"""The file of measurements: JSON, a line each."""

import json
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Measurement:
    """A value of one contestant in one run; or the reason why a row has none."""

    table: str
    row: str
    figure: str  # the figure's key
    variant: str  # twiliofs, its peer, or the name of a program that is compared
    value: object
    unit: str
    run: int
    machine: str  # see machines.json
    commit: str
    time: str  # when it was measured, in UTC
    session: str  # when the command began that has measured it: lines with the same belong together
    percentiles: object = None  # by number, of the samples of the run
    count: object = None  # of these samples; of runs, where the value is their median
    error: object = None
    seed: object = None  # what the faults were chosen with, where some were

    def line(self):
        return json.dumps({key: value for key, value in asdict(self).items() if value is not None}, ensure_ascii=False)

    @staticmethod
    def of_line(line):
        return Measurement(**{"value": None, **json.loads(line)})


def read(path):
    """All measurements of a file, in their order; none when there is no file."""
    if not path.exists():
        return []
    return [Measurement.of_line(line) for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]


def append(path, measurements):
    with open(path, "a", encoding="utf-8") as file:
        file.writelines(measurement.line() + "\n" for measurement in measurements)
