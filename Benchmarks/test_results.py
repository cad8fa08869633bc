"""Tests of what becomes of measurements, with made-up ones: python3 -B Benchmarks/test_results.py"""

import contextlib
import dataclasses
import io
import json
import tempfile
import time
import unittest
from contextlib import contextmanager
from pathlib import Path

import compare
import machine
import recording
import rendering
import run
import summary
import units
from bench import Bench
from chaos import faults, harness, watch
from figures import Bar, Contest, Distribution, Figure, Row
from measuring import alternate
from recording import Measurement
from session import Session
from settings import BenchError, Settings, Sizes

SPEED = Figure("reading", "B/s", peer="cat", bar=Bar(1, aim=1.2))
TIME = Figure("… each read", "s", key="each")
REQUESTS = Figure("… requests", "1", key="requests", limit=2, bar=Bar(1, is_ceiling=True))


@contextmanager
def _failing(row, bench):
    raise BenchError("it is\nbroken")
    yield


def _contest_of(values):
    """Gives a contest of twiliofs, whose runs give these values, with a peer that has 100."""
    @contextmanager
    def contest(row, bench):
        left = iter(values)
        yield Contest(lambda: next(left), lambda: 100)

    return contest


def _row(name="reading", contest=None):
    return Row(name, (SPEED, TIME, REQUESTS), "account", [], contest, ("a note.",))


@dataclasses.dataclass
class Table:
    """A table that isn't made with mounts."""

    all: list
    name: str = "speed"
    command: str = "make bench"
    title: str = "Speed"
    legend: str = "Medians."
    sheet: object = rendering.COMPARISON

    def all_rows(self, sizes):
        return self.all

    @contextmanager
    def open_account(self, settings, folder, rows):
        yield "account"


def _settings(folder, runs=3, seed=1):
    return Settings(False, [], folder, folder, Path("/t"), Path("/s"), Sizes(runs=runs), seed)


def _measured(table, programs=None, runs=3, seed=1):
    with tempfile.TemporaryDirectory() as name:
        settings = _settings(Path(name), runs, seed)
        session = Session(table, settings, "m1", "abc1234", programs)
        with contextlib.redirect_stderr(io.StringIO()):
            return {row.name: found for row, found in session.measure(table.all)}


def _result(speed):
    samples = Distribution.of([number / 1000 for number in range(1, 101)])
    return {"": speed, "each": samples, "requests": 2}


class ResultsTest(unittest.TestCase):
    def test_contestants_take_turns_in_both_orders(self):
        contestants = {"a": lambda: 1, "b": lambda: 2}
        self.assertEqual([name for _, name, _ in alternate(contestants, 3, 10)], ["a", "b", "b", "a", "a", "b"])
        self.assertEqual(len(list(alternate(contestants, 3, -1))), 2)

    def test_percentiles_are_samples(self):
        told = Distribution.of(range(1, 201))
        self.assertEqual((told.value, told.percentiles, told.count), (100, {50: 100, 90: 180, 99: 198}, 200))
        self.assertEqual(Distribution.of([7]).percentiles, {50: 7, 90: 7, 99: 7})

    def test_amounts_have_three_digits_and_a_unit(self):
        for value, unit, text in [
            (1.25e9, "B/s", "1.25 GB/s"), (9.16e8, "B/s", "916 MB/s"), (20.4e6, "B/s", "20.4 MB/s"),
            (0.1083, "s", "108 ms"), (6.97e-5, "s", "69.7 µs"), (276.59, "s", "277 s"), (0, "s", "0.00 µs"),
            (1600, "B", "1.60 KB"), (17, "B", "17 B"), (3, "1", "3"), (0.984, "1", "0.98"),
        ]:
            self.assertEqual(units.written(value, unit), text)

    def test_ratios_say_how_much_better(self):
        time = Figure("time", "s", peer="loop", bar=Bar(10))
        self.assertEqual(time.ratio(2, 40), 20)
        self.assertEqual(SPEED.ratio(3, 2), 1.5)
        self.assertEqual(REQUESTS.ratio(1, 2), 0.5)
        self.assertEqual(Figure("none", "1", limit=0, bar=Bar(0, is_ceiling=True)).ratio(3, 0), 3)
        self.assertEqual(Bar(1.1, is_ceiling=True).verdict(1.21), "missed by 10 %")
        self.assertEqual(Bar(0, is_ceiling=True).verdict(3), "missed by 3")

    def test_lines_come_back_as_they_were(self):
        found = _measured(Table([_row(contest=_contest_of([_result(150), _result(120), _result(90)]))]))["reading"]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "results.jsonl"
            recording.append(path, found[:4])
            recording.append(path, found[4:])
            self.assertEqual(recording.read(path), found)
            first = json.loads(path.read_text().splitlines()[0])
        self.assertEqual(
            [first[key] for key in ("row", "variant", "value", "unit", "run", "machine", "commit")],
            ["reading", "twiliofs", 150, "B/s", 0, "m1", "abc1234"])
        self.assertEqual(recording.read(Path("/nothing")), [])

    def test_the_table_has_medians_spread_percentiles_and_ratios(self):
        table = Table([_row(contest=_contest_of([_result(150e6), _result(120e6), _result(90e6)]))])
        text = rendering.section(table, Sizes(), _measured(table)["reading"], {"m1": {"processor": "fast"}})
        self.assertIn("- processor: fast", text)
        self.assertIn("120 MB/s (90.0 MB/s–150 MB/s)", text)
        self.assertIn("| 50.0 ms, p90 90.0 ms, p99 99.0 ms |", text)
        self.assertIn("| 1.00  ", text.split("… requests")[1])
        self.assertIn("- reading: a note.", text)

    def test_a_ratio_is_of_runs_side_by_side(self):
        ours, peer = {0: 10, 1: 40, 2: 30}, {0: 5, 1: 10}
        self.assertEqual(summary.ratios(SPEED, ours, peer), [2, 4])

    def test_a_row_that_fails_stays_in_the_table_with_its_reason(self):
        table = Table([_row("broken", _failing), _row(contest=_contest_of([_result(1)] * 3))])
        found = _measured(table)
        self.assertEqual([one.error for one in found["broken"]], ["it is broken"])
        text = rendering.section(table, Sizes(), [one for all_ in found.values() for one in all_], {})
        self.assertIn("| FAILED ", text)
        self.assertIn("| it is broken |", text)

    def test_the_last_session_of_the_last_machine_counts(self):
        first = Measurement("speed", "reading", "", "twiliofs", 1e6, "B/s", 0, "m1", "one", "2026-01-01", "s1")
        other = dataclasses.replace(first, row="other", value=2e6)
        again = dataclasses.replace(first, value=5e6, commit="two", session="s2")
        table = Table([_row(), _row("other")])
        text = rendering.section(table, Sizes(), [first, other, again], {})
        self.assertIn("5.00 MB/s", text)
        self.assertNotIn("1.00 MB/s", text)
        self.assertIn("2.00 MB/s", text)
        elsewhere = dataclasses.replace(again, machine="m2")
        self.assertNotIn("2.00 MB/s", rendering.section(table, Sizes(), [first, other, elsewhere], {}))

    def test_a_row_of_faults_passes_within_its_bars_and_else_says_how_to_repeat_it(self):
        figures = (
            harness.none("reads with wrong bytes", "wrong"), harness.within("… memory", "B", 100, "memory"),
            harness.told("… time", "s", "time"))

        def found(**result):
            @contextmanager
            def contest(row, bench):
                yield Contest(lambda: result, runs=1)

            rows = [Row("bad", figures, "account", [], contest), _row("worse", _failing)]
            table = Table(rows, "chaos", "make chaos", "Faults", "", rendering.FAULTS)
            measured = _measured(table, runs=1, seed=4711)
            for row in rows:
                yield row, list(run.complaints(row, measured[row.name]))
            yield table, rendering.section(table, Sizes(), [one for each in measured.values() for one in each], {})

        (_, good), (_, failed), (_, text) = found(wrong=0, memory=100, time=5)
        self.assertEqual((good, failed), ([], ["it is broken"]))
        for line in (
                "| bad   | reads with wrong bytes | 0            | 0       | passed   | 4711 |",
                "| bad   | … memory               | 100 B        | ≤ 100 B | passed   | 4711 |",
                "| bad   | … time                 | 5.00 s       | –       | reported | 4711 |",
                "| worse | reading                | it is broken | –       | FAILED   | 4711 |"):
            self.assertIn(line, text)
        self.assertIn("`make chaos ROWS=bad SEED=4711`", text)
        (_, bad), _, (_, text) = found(wrong=1, memory=101, time=5)
        self.assertEqual(bad, ["reads with wrong bytes: 1", "… memory: 101 B"])
        self.assertEqual(text.count("| FAILED "), 3)

    def test_a_row_meets_the_same_faults_whichever_rows_are_run_beside_it(self):
        with tempfile.TemporaryDirectory() as name:
            def chosen(row, seed):
                settings = dataclasses.replace(_settings(Path(name)), seed=seed)
                bench = Bench(settings, None, Path(tempfile.mkdtemp(dir=name)) / "row", Path("/t"))
                chaos = harness.Chaos(bench, row)
                return chaos.seed(), faults.rules(chaos)

            self.assertEqual(chosen("one", 1), chosen("one", 1))
            self.assertNotEqual(chosen("one", 1), chosen("two", 1))
            self.assertNotEqual(chosen("one", 1), chosen("one", 2))
            rules = chosen("one", 1)[1]
        left, hit = 1.0, []
        for rule in rules:
            hit.append(left * rule["probability"])
            left -= hit[-1]
        self.assertEqual([round(share, 9) for share in hit], [0.2, 0.05, 0.05, 0.05, 0.02])

    def test_a_process_that_sleeps_so_that_nothing_ends_it_is_found(self):
        class Sleeper(watch.Watch):
            _INTERVAL = 0.01
            _GRACE = 0

            def _sleeping(self, pid):
                # The first sleeps all the time, the second runs in between.
                nonlocal looks
                looks += 1
                yield (1, 1, "one"), 7
                yield (2, 2, "two"), looks

        looks = 0
        with Sleeper(0.1) as looker:
            end = time.monotonic() + 30
            while not looker.stuck and time.monotonic() < end:
                time.sleep(0.01)
        self.assertEqual(list(looker.stuck), [(1, 1, "one")])

    def test_a_machine_is_its_hardware(self):
        here = {"processor": "fast, 2 cores", "memory": "1.0 GiB", "file system": "ext4", "curl": "7"}
        name = machine.identifier(here)
        self.assertEqual(machine.identifier({**here, "curl": "8", "fio": "3", "kernel": "6"}), name)
        for part in machine.HARDWARE:
            self.assertNotEqual(machine.identifier({**here, part: "other"}), name)

    def test_measurements_are_of_described_machines(self):
        folder = Path(__file__).parent
        machines = json.loads((folder / "machines.json").read_text(encoding="utf-8"))
        self.assertEqual({name: machine.identifier(description) for name, description in machines.items()},
                         {name: name for name in machines})
        self.assertLessEqual({one.machine for one in recording.read(folder / "results.jsonl")}, set(machines))

    def test_two_programs_are_compared_run_by_run(self):
        values = iter([[_result(100), _result(110), _result(100)], [_result(200), _result(121), _result(150)]])

        @contextmanager
        def contest(row, bench):
            left = iter(next(values))
            yield Contest(lambda: next(left), lambda: self.fail("the peer isn't measured"))

        row = _row(contest=contest)
        found = _measured(Table([row]), {"before": Path("/b"), "after": Path("/a")})["reading"]
        text, gain = compare.line(row, SPEED, found)
        self.assertEqual((gain.median, gain.least, gain.most), (1.5, 1.1, 2.0))
        self.assertIn("1.500 (1.100–2.000)", text)
        self.assertIn("50.0 % better", text)
        text, gain = compare.line(row, TIME, found)
        self.assertIn("no difference", text)
        self.assertIn("p99 99.0 ms → 99.0 ms", text)
        slower = [dataclasses.replace(one, value=1.0 if one.variant == "before" else 2.0) for one in found]
        self.assertIn("worse", compare.line(row, TIME, slower)[0])
        self.assertEqual(compare.line(row, SPEED, []), (None, None))


if __name__ == "__main__":
    unittest.main()
