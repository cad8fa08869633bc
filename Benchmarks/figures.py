"""What is measured: rows, their figures, and the bars that figures have to reach."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Bar:
    """What a ratio has to reach, or may not exceed."""

    value: float
    is_ceiling: bool = False
    aim: float = 0

    def __str__(self):
        text = f"{'≤' if self.is_ceiling else '≥'} {self.value:g}"
        return f"{text}, aim {self.aim:g}" if self.aim else text

    def verdict(self, ratio):
        if not self.value:
            return "met" if not ratio else f"missed by {ratio:g}"
        missing = ratio / self.value - 1 if self.is_ceiling else 1 - ratio / self.value
        return "met" if missing <= 0 else f"missed by {100 * missing:.0f} %"


WITHIN_LIMIT = Bar(1, is_ceiling=True)


@dataclass(frozen=True)
class Figure:
    """A quantity that a row measures."""

    text: str
    unit: str  # s, B, B/s, or 1 for a plain number
    key: str = ""  # tells the figures of a row apart
    peer: str = ""  # what is measured beside twiliofs, if anything is
    limit: object = None  # an amount that may not be exceeded, where there is no peer
    bar: object = None  # a Bar; None where the figure is only reported

    @property
    def is_speed(self):
        """Whether more is better."""
        return self.unit.endswith("/s")

    def ratio(self, ours, other):
        """Ours to the other's: of speeds, where the bar is one to be reached, else of amounts."""
        if self.bar and not self.bar.is_ceiling and not self.is_speed:
            return other / ours
        return ours / other if other else ours

    def verdict(self, ratio):
        return self.bar.verdict(ratio) if self.bar else "reported"


@dataclass(frozen=True)
class Distribution:
    """Many samples of one run: their median, percentiles by number, and how many there are."""

    value: float
    percentiles: dict
    count: int

    @staticmethod
    def of(samples, wanted=(50, 90, 99)):
        """Summarizes samples; the percentile is the smallest sample that as many are not above."""
        ordered = sorted(samples)
        percentiles = {number: ordered[max(0, -(-len(ordered) * number // 100) - 1)] for number in wanted}
        return Distribution(percentiles[50], percentiles, len(ordered))


@dataclass(frozen=True)
class Contest:
    """Contestants that take turns.

    Each is called without arguments, and gives a number or a Distribution, or a dictionary of them by figures' keys.
    """

    ours: object
    peer: object = None
    runs: object = None  # None for as many as usual
    memory: int = 0  # bytes of free memory that are touched before each run


@dataclass(frozen=True)
class Row:
    """A measurement that ROWS can select."""

    name: str
    figures: tuple
    account: object  # rows with the same share an account; its text is a name
    originals: list  # the files of it, unless it is generated
    contest: object  # takes a Bench, gives a context manager of a Contest
    notes: tuple = field(default=())  # sentences for below the table

    def figure(self, key):
        return next(figure for figure in self.figures if figure.key == key)
