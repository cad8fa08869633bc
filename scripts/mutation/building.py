"""A copy of the package in which one module holds all of its mutants."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

from mutants import Mutant, written

# How many times mutants that don't compile are left out, and the rest built again.
ATTEMPTS = 40
ERROR = re.compile(r"^(?P<file>/[^:\n]+\.swift):(?P<line>\d+):(?P<column>\d+): error: (?P<text>.*)$", re.MULTILINE)


class Area:
    def __init__(self, root, folder, module):
        self.root, self.folder, self.module = root, folder.absolute(), module
        self.sources = root / "Sources" / module
        self.list = self.folder / f"mutants-{module}.json"
        self.results = self.folder / f"mutants-{module}.jsonl"

    @property
    def program(self):
        return next((self.folder / ".build" / "debug").glob("*PackageTests.xctest"))

    @property
    def test_target(self):
        return f"{self.module}Tests"

    def mutants(self):
        return [Mutant(*fields) for fields in json.loads(self.list.read_text())]

    def build(self):
        self.copy()
        self.leave_out_other_targets()
        dropped = set()
        for _ in range(ATTEMPTS):
            files = self.write(dropped)
            output, succeeded = self.swift("build", "--target", self.module)
            if succeeded:
                break
            found = self.sites_of_errors(output, files)
            if not found - dropped:
                sys.exit(f"mutate: {self.module} doesn't build, whatever is left out:\n{output[-4000:]}")
            dropped |= found
            print(f"{len(dropped)} places don't compile as mutants and are left out", flush=True)
        all_mutants = [mutant for file in files.values() for mutant in file.mutants]
        self.list.write_text(json.dumps(all_mutants, indent=0, ensure_ascii=False))
        print(f"{len(all_mutants)} mutants of {self.module}; building its tests", flush=True)
        output, succeeded = self.swift("build", "--build-tests")
        if not succeeded:
            sys.exit(f"mutate: the tests don't build:\n{output[-4000:]}")

    def copy(self):
        self.folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(
            ["rsync", "-a", "--delete", "--checksum", "--exclude=.git", "--exclude=/.build*", "--exclude=/mutants-*"]
            + ["--exclude=/Package.resolved", f"--exclude=/Sources/{self.module}/", "--exclude=/Package.swift"]
            + [f"{self.root}/", f"{self.folder}/"],
            check=True,
        )
        # Other people's programs, which the tests compare with.
        python, link = self.root / ".build" / "python", self.folder / ".build" / "python"
        if python.exists() and not link.exists():
            link.parent.mkdir(exist_ok=True)
            link.symlink_to(python)

    def leave_out_other_targets(self):
        """Has the package hold the module, its tests, and what they depend on."""
        description = subprocess.run(
            ["swift", "package", "dump-package", "--package-path", self.root]
            + ["--scratch-path", self.folder / ".build" / "description"],
            check=True, capture_output=True, text=True,
        )  # fmt: skip
        targets = {target["name"]: target for target in json.loads(description.stdout)["targets"]}
        needed, pending = set(), [self.test_target]
        while pending:
            name = pending.pop()
            if name in needed or name not in targets:
                continue
            needed.add(name)
            for dependency in targets[name]["dependencies"]:
                pending.append((dependency.get("byName") or dependency.get("target") or [None])[0])
        names = ", ".join(f'"{name}"' for name in sorted(needed))
        text = (self.root / "Package.swift").read_text()
        text += f"\npackage.products = []\npackage.targets.removeAll {{ ![{names}].contains($0.name) }}\n"
        self.replace(self.folder / "Package.swift", text)

    def write(self, dropped):
        """Writes the module's sources with all mutants but those of the sites in `dropped`."""
        folder = self.folder / "Sources" / self.module
        files, declarations, number, wanted = {}, [], 0, set()
        for path in sorted(self.sources.rglob("*.swift")):
            name = str(path.relative_to(self.sources))
            file = written(name, path.read_text(), number, dropped)
            number += len(file.mutants)
            declarations += file.declarations
            files[name] = file
            self.replace(folder / name, file.text)
            wanted.add(folder / name)
        if number > 1 << 16:
            sys.exit("mutate: too many mutants")
        support = (self.root / "scripts" / "mutation" / "Mutation.swift").read_text()
        self.replace(folder / "Mutation.swift", support + "\n" + "\n".join(declarations) + "\n")
        wanted.add(folder / "Mutation.swift")
        for path in set(folder.rglob("*.swift")) - wanted:
            path.unlink()
        return files

    @staticmethod
    def replace(path, text):
        path.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists() or path.read_text() != text:
            path.write_text(text)

    def swift(self, *arguments):
        environment = os.environ | {"TWILIOFS_WARNINGS": ""}
        done = subprocess.run(
            ["swift", *arguments], cwd=self.folder, env=environment, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        return done.stdout, done.returncode == 0

    def sites_of_errors(self, output, files):
        """The sites that the compiler's errors are nearest to, as `written` takes them."""
        found = set()
        folder = self.folder / "Sources" / self.module
        for error in ERROR.finditer(output):
            path = Path(error["file"])
            if not path.is_relative_to(folder) or path.name == "Mutation.swift":
                continue
            name = str(path.relative_to(folder))
            file = files[name]
            lines = file.text.splitlines(keepends=True)
            line = int(error["line"])
            # The column counts bytes.
            prefix = lines[line - 1].encode()[: int(error["column"]) - 1].decode(errors="ignore")
            place = sum(map(len, lines[: line - 1])) + len(prefix)
            candidates = [
                (abs(site_place - place), site)
                for site_place, site, _ in file.places
                if abs(file.text.count("\n", 0, site_place) + 1 - line) <= 6
            ]
            on_line = [
                (distance, site)
                for distance, site in candidates
                if file.text.count("\n", 0, file_place(file, site)) + 1 == line
            ]
            if "reasonable time" in error["text"] and on_line:
                nearest = [site for _, site in on_line]
            else:
                nearest = [min(on_line or candidates, key=lambda pair: pair[0])[1]] if candidates else []
            found |= {(name, site.place, site.changes[0]) for site in nearest}
        return found


def file_place(file, wanted):
    return next(place for place, site, _ in file.places if site is wanted)
