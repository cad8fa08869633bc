"""The mutants that no test notices, compared with the list of those that may survive."""

from collections import Counter

BAR = 0.9


class Report:
    def __init__(self, root, area, mutants):
        self.area, self.mutants = area, mutants
        self.path = root / "Tests" / "Mutants" / f"{area.module}.txt"

    def explained(self):
        """The texts of the mutants that the list has a reason for."""
        reasons = self.reasons()
        return {str(mutant) for mutant in self.mutants if self.reason(mutant, reasons)}

    def show(self, results):
        """Prints figures and survivors; returns the exit status."""
        noticed = [mutant for mutant in self.mutants if results[str(mutant)] is not None]
        reasons = self.reasons()
        unexplained, equivalents = [], 0
        for mutant in self.mutants:
            if results[str(mutant)] is not None:
                continue
            reason = self.reason(mutant, reasons)
            if reason is None:
                unexplained.append(mutant)
            elif reason.startswith("equivalent"):
                equivalents += 1
        share = len(noticed) / max(1, len(self.mutants))
        # A mutant that does the same can't be noticed.
        real = len(noticed) / max(1, len(self.mutants) - equivalents)
        how = Counter(self.kind(results[str(mutant)]) for mutant in noticed)
        print(
            f"{self.area.module}: {len(noticed)} of {len(self.mutants)} mutants noticed, {share:.1%}"
            f" ({', '.join(f'{count} {name}' for name, count in how.most_common())});"
            f" {real:.1%} without {equivalents} that do the same"
        )
        for mutant in unexplained:
            print(f"unnoticed, and not in {self.path.name}: {mutant}\n    {self.line(mutant)}")
        return 1 if unexplained or real < BAR else 0

    @staticmethod
    def kind(failure):
        return {"takes too long": "by the time limit"}.get(
            failure, "by a crash" if failure.startswith("status") else "by a failed test"
        )

    def line(self, mutant):
        path = self.area.sources / mutant.file
        return path.read_text().splitlines()[mutant.line - 1].strip()

    def reason(self, mutant, reasons):
        """The reason for a survivor: for its change, or for all changes of its line."""
        place = (mutant.file, self.line(mutant))
        return reasons.get((*place, mutant.text)) or reasons.get((*place, "*"))

    def reasons(self):
        """The reasons by file, line and change: a line that moves keeps its reason, and one that changes loses it."""
        found = {}
        if not self.path.exists():
            return found
        file = line = None
        for text in self.path.read_text().splitlines():
            if not text.strip() or text.startswith("#"):
                continue
            if not text.startswith(" "):
                file = text.strip()
            elif not text.startswith("        "):
                line = text.strip()
            else:
                change, _, reason = text.strip().partition(" :: ")
                found[file, line, change] = reason
        return found
