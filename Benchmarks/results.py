"""The file of results: a section for each table, so that a command writes its own and leaves the others as they are."""

import re
from dataclasses import dataclass, field

_TITLE = "# Benchmarks\n\nCONTRIBUTING.md says how these are made. Don't edit.\n"
_SEPARATOR = re.compile(r"(?<!\\)\|")


@dataclass
class Section:
    """One table with what belongs to it. The first cell of each line is the name of the row that gave it."""

    name: str
    introduction: str
    machine: list  # pairs of a thing and what it is
    headings: list
    lines: list  # lists of cells
    legend: str
    notes: list = field(default_factory=list)  # pairs of a row's name and a sentence

    def text(self):
        parts = [
            self.introduction, "\n".join(f"- {thing}: {words}" for thing, words in self.machine), self._table(),
            self.legend]
        if self.notes:
            parts.append("\n".join(f"- {name}: {note}" for name, note in self.notes))
        return "\n\n".join(parts)

    def _table(self):
        """A Markdown table whose columns are even in a terminal too."""
        rows = [self.headings] + [[cell.replace("|", "\\|") for cell in line] for line in self.lines]
        widths = [max(len(row[column]) for row in rows) for column in range(len(self.headings))]
        text = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |" for row in rows]
        text.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
        return "\n".join(text)

    def completed(self, earlier, order):
        """This section with an earlier one's rows that it doesn't have; `order` has the names of all rows."""
        own = {line[0] for line in self.lines}
        merged = Section(**vars(self))
        for member in ("lines", "notes"):
            kept = [entry for entry in getattr(earlier, member) if entry[0] not in own and entry[0] in order]
            setattr(merged, member, sorted(kept + getattr(self, member), key=lambda entry: order.index(entry[0])))
        return merged


class Results:
    """The file, as it is on disk when this is made."""

    def __init__(self, path):
        self._path = path
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        found = re.findall(r"^<!-- (\S+) -->\n(.*?)\n<!-- end of \1 -->$", text, re.MULTILINE | re.DOTALL)
        self._sections = {name: content.strip() for name, content in found}

    def section(self, name):
        """What was written of a table; None when there is nothing."""
        if name not in self._sections:
            return None
        before, table, after = re.fullmatch(r"(.*?)\n\n(\|.*?\|)\n\n(.*)", self._sections[name], re.DOTALL).groups()
        rows = [
            [cell.strip().replace("\\|", "|") for cell in _SEPARATOR.split(line)[1:-1]] for line in table.splitlines()]
        return Section(
            name, "", _pairs(before), headings=rows[0], lines=[list(row) for row in rows[2:]], legend="",
            notes=_pairs(after))

    def write(self, section, order):
        """Puts a section into the file; `order` has the names of all tables."""
        self._sections[section.name] = section.text()
        names = [name for name in order if name in self._sections]
        text = "\n".join(f"<!-- {name} -->\n{self._sections[name]}\n<!-- end of {name} -->\n" for name in names)
        self._path.write_text(f"{_TITLE}\n{text}", encoding="utf-8")


def _pairs(text):
    return re.findall(r"^- ([^:]+): (.*)$", text, re.MULTILINE)
