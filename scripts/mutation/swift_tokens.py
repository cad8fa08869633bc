"""A tokenizer for Swift as `swift format` lays it out: enough to find operators, constants and conditions."""

import re
from typing import NamedTuple

# A string is one token, with what it interpolates: messages aren't changed.
TOKEN = re.compile(
    r"(?P<space>\s+)"
    r"|(?P<comment>//[^\n]*|/\*.*?\*/)"
    r"|(?P<number>0x[0-9A-Fa-f_]+|0b[01_]+|\d[\d_]*(?:\.\d[\d_]*)?(?:[eE][+-]?\d+)?)"
    r"|(?P<name>`\w+`|[@#$]?\w+)"
    r"|(?P<operator>[-+*/%&|^~<>=!?.]+)"
    r"|(?P<mark>.)",
    re.DOTALL,
)


class Token(NamedTuple):
    kind: str
    text: str
    start: int
    # Whether white space, or the beginning or end of brackets, is on each side.
    spaced_before: bool
    spaced_after: bool

    @property
    def end(self):
        return self.start + len(self.text)


def string_end(text, start):
    """The end of the string literal that begins at a place."""
    quote = '"""' if text.startswith('"""', start) else '"'
    place = start + len(quote)
    while not text.startswith(quote, place):
        if text.startswith("\\(", place):
            place = interpolation_end(text, place + 2)
        else:
            place += 2 if text[place] == "\\" else 1
    return place + len(quote)


def interpolation_end(text, place):
    depth = 1
    while depth:
        if text[place] == '"':
            place = string_end(text, place)
            continue
        depth += {"(": 1, ")": -1}.get(text[place], 0)
        place += 1
    return place


def tokens(text):
    """The tokens of a file, without white space and comments."""
    found = []
    place = 0
    while place < len(text):
        if text[place] == '"':
            end = string_end(text, place)
            kind = "string"
        else:
            match = TOKEN.match(text, place)
            kind, end = match.lastgroup, match.end()
        if kind == "operator":
            # An optional's mark, or a postfix `!`, isn't part of the operator behind it.
            end = place + len(operator_text(text[place:end]))
        if kind not in ("space", "comment"):
            before = text[place - 1] if place else " "
            after = text[end] if end < len(text) else " "
            found.append(Token(kind, text[place:end], place, before in " \n([{,:;", after in " \n)]},:;"))
        place = end
    return found


def operator_text(run):
    for length in range(len(run), 0, -1):
        if run[:length] in KNOWN:
            return run[:length]
    return run[0]


KNOWN = {
    "->", "==", "!=", "<=", ">=", "===", "!==", "&&", "||", "..<", "...", "+=", "-=", "*=", "/=", "%=", "&+", "&-",
    "&*", "<<", ">>", "&<<", "&>>", "&+=", "&-=", "&*=", "|=", "&=", "^=", "<<=", ">>=", "??", "~=",
}  # fmt: skip
