"""Running a module's tests: once for each test, to learn which mutants it reaches, then once for each mutant."""

import json
import os
import random
import re
import signal
import subprocess
import tempfile
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

SIZE = 1 << 16
# The tests that run first: the quickest, since most mutants are noticed by any.
FIRST = 6


class Runs:
    def __init__(self, area, jobs):
        self.area, self.jobs = area, jobs
        self.lock = threading.Lock()
        self.reach_file = area.folder / f"mutants-{area.module}-reach.json"

    def forget(self):
        self.area.results.unlink(missing_ok=True)
        self.reach_file.unlink(missing_ok=True)

    def forget_unnoticed(self, explained):
        """Forgets the results of mutants that no test noticed, but for some."""
        kept = [(name, noticed) for name, noticed in self.known_results().items() if noticed or name in explained]
        lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in kept]
        self.area.results.write_text("".join(lines))

    def run(self, mutants):
        """The results by the mutants' texts: what noticed it, or None."""
        known = self.known_results()
        tests = self.reach()
        left = [mutant for mutant in mutants if str(mutant) not in known]
        # In no order of the files: a run that is broken off says as much of each.
        random.Random(len(left)).shuffle(left)
        print(f"{len(left)} mutants to run, with {len(tests)} tests", flush=True)

        def attempt(mutant):
            noticed = self.try_mutant(mutant, tests)
            with self.lock:
                known[str(mutant)] = noticed
                with self.area.results.open("a") as file:
                    file.write(json.dumps([str(mutant), noticed], ensure_ascii=False) + "\n")
                if noticed is None:
                    print(f"unnoticed: {mutant}", flush=True)

        with ThreadPoolExecutor(self.jobs) as pool:
            list(pool.map(attempt, left))
        return known

    def known_results(self):
        if not self.area.results.exists():
            return {}
        return dict(json.loads(line) for line in self.area.results.read_text().splitlines())

    # MARK: Which test reaches what

    def reach(self):
        """For each test, the time that it takes and the mutants that it reaches; kept for the same build."""
        stamp = self.area.program.stat().st_mtime
        if self.reach_file.exists():
            kept = json.loads(self.reach_file.read_text())
            if kept["stamp"] == stamp:
                return {name: (seconds, set(reached)) for name, (seconds, reached) in kept["tests"].items()}
        names = self.test_names()
        print(f"looking at what each of {len(names)} tests reaches", flush=True)
        found = {}

        def look(name):
            with tempfile.NamedTemporaryFile() as file:
                file.truncate(SIZE)
                began = time.monotonic()
                failure = self.test([name], {"MUTANTS_REACHED": file.name}, limit=300)
                seconds = time.monotonic() - began
                reached = [number for number, mark in enumerate(Path(file.name).read_bytes()) if mark]
            if failure:
                print(f"left out, since it fails without a mutant ({failure}): {name}", flush=True)
            elif reached:
                found[name] = (seconds, reached)

        with ThreadPoolExecutor(self.jobs) as pool:
            list(pool.map(look, names))
        self.reach_file.write_text(json.dumps({"stamp": stamp, "tests": found}))
        return {name: (seconds, set(reached)) for name, (seconds, reached) in found.items()}

    def test_names(self):
        output = subprocess.run(
            [self.area.program, "--testing-library", "swift-testing", "--list-tests"],
            capture_output=True, text=True, cwd=self.area.folder, check=True,
        ).stdout  # fmt: skip
        prefix = self.area.test_target + "."
        return sorted({line.strip() for line in output.splitlines() if line.startswith(prefix)})

    # MARK: One mutant

    def try_mutant(self, mutant, tests):
        """Returns what noticed the mutant, or None."""
        reaching = sorted((seconds, name) for name, (seconds, reached) in tests.items() if mutant.number in reached)
        for batch in (reaching[:FIRST], reaching[FIRST:]):
            if not batch:
                continue
            limit = 20 + 5 * sum(seconds for seconds, _ in batch)
            failure = self.test([name for _, name in batch], {"MUTANT": str(mutant.number)}, limit)
            if failure:
                return failure
        return None

    def test(self, names, environment, limit):
        """Runs tests until the first failure; returns it, or None."""
        filters = [part for name in names for part in ("--filter", "^" + re.escape(name))]
        process = subprocess.Popen(
            ["nice", "-n", "10", self.area.program, "--testing-library", "swift-testing", *filters],
            cwd=self.area.folder, text=True, errors="replace", start_new_session=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
            env=os.environ | {"NO_COLOR": "1", "SWIFT_BACKTRACE": "enable=no"} | environment,
        )  # fmt: skip
        timer = threading.Timer(limit, self.end, [process])
        timer.start()
        failure = None
        try:
            for line in process.stdout:
                if "✘" in line or "recorded an issue" in line:
                    failure = line.strip()[:200]
                    break
            if failure is None and process.wait() != 0:
                ended_by_timer = not timer.is_alive()
                failure = "takes too long" if ended_by_timer else f"status {process.returncode}"
        finally:
            timer.cancel()
            self.end(process)
            process.stdout.close()
            process.wait()
        return failure

    @staticmethod
    def end(process):
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
