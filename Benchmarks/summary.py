"""What measurements of one session amount to: medians with their spread, and ratios of runs that took turns."""

import statistics
from dataclasses import dataclass


@dataclass(frozen=True)
class Spread:
    """A median between the least and the most; `count` is how many there are."""

    median: float
    least: float
    most: float
    count: int

    @staticmethod
    def of(values):
        return Spread(statistics.median(values), min(values), max(values), len(values))

    def written(self, write):
        """The median, and the range where it isn't the same."""
        median, least, most = write(self.median), write(self.least), write(self.most)
        return median if least == most else f"{median} ({least}–{most})"


def by_run(measurements, variant):
    """The values of a contestant, by the number of the run."""
    return {one.run: one.value for one in measurements if one.variant == variant}


def ratios(figure, ours, others):
    """The ratio of each run in which both were measured."""
    return [figure.ratio(value, others[run]) for run, value in ours.items() if run in others]


def percentiles(measurements, variant):
    """The median over the runs of each percentile, by number; empty where there are no samples."""
    told = [one.percentiles for one in measurements if one.variant == variant and one.percentiles]
    if not told:
        return {}
    return {number: statistics.median(each[number] for each in told) for number in told[0]}
