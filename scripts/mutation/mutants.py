"""The mutants of a Swift file: where each is, what it changes, and how the file is written so that it holds all."""

from typing import NamedTuple

import operators
from swift_tokens import tokens

# What takes an operator's place, and the precedence that it keeps. The functions are in Mutation.swift.
INFIX = {
    "<": (["<=", ">="], "Comparison"), "<=": (["<", ">"], "Comparison"),
    ">": ([">=", "<="], "Comparison"), ">=": ([">", "<"], "Comparison"),
    "==": (["!="], "Comparison"), "!=": (["=="], "Comparison"),
    "&&": (["||"], "LogicalConjunction"), "||": (["&&"], "LogicalDisjunction"),
    "+": (["-"], "Addition"), "-": (["+"], "Addition"),
    "*": (["+"], "Multiplication"), "/": (["*"], "Multiplication"), "%": (["/"], "Multiplication"),
    "&+": (["&-"], "Addition"), "&-": (["&+"], "Addition"), "&*": (["&+"], "Multiplication"),
    "<<": ([">>"], "BitwiseShift"), ">>": (["<<"], "BitwiseShift"),
    "&": (["|"], "Multiplication"), "|": (["&"], "Addition"), "^": (["|"], "Addition"),
    "+=": (["-="], "Assignment"), "-=": (["+="], "Assignment"),
    "..<": (["..."], "RangeFormation"), "...": (["..<"], "RangeFormation"),
}  # fmt: skip
DIGITS = "▢▣▤▥▦▧▨▩"


class Mutant(NamedTuple):
    number: int
    file: str
    line: int
    column: int
    text: str

    def __str__(self):
        return f"{self.file}:{self.line}:{self.column}: {self.text}"


class Site(NamedTuple):
    """A place that one or several mutants change, and the edits that write them."""

    place: int
    changes: list  # of texts
    # Makes of the number of the first mutant: edits (start, end, text), and declarations.
    write: object


def operator_name(number):
    """An operator of its own for each site: its precedence is that of the one that it takes the place of."""
    digits = ""
    while number or not digits:
        digits = DIGITS[number % 8] + digits
        number //= 8
    return "⊕" + digits


def sites(text):
    """The sites of a file, in order."""
    found = []
    all_tokens = tokens(text)
    for index, token in enumerate(all_tokens):
        before = all_tokens[index - 1] if index else None
        after = all_tokens[index + 1] if index + 1 < len(all_tokens) else None
        if token.kind == "operator":
            found += operator_sites(token, before, after, all_tokens, index)
        elif token.kind == "number":
            found += number_sites(token, before, after, all_tokens, index)
        elif token.kind == "name":
            found += name_sites(text, token, before, after, all_tokens, index)
    found += return_sites(text, all_tokens)
    return sorted(found, key=lambda site: site.place)


def operator_sites(token, before, after, all_tokens, index):
    text = token.text
    if text == "!" and token.spaced_before and not token.spaced_after:
        return [
            Site(token.start, ["removes !"], lambda n: ([(token.start, token.end, operator_name(n))], prefix(n)))
        ]
    if text not in INFIX:
        return []
    is_range = text in ("..<", "...")
    if not is_range and not (token.spaced_before and token.spaced_after):
        return []
    # A partial range, or a declaration of an operator.
    if is_range and token.spaced_before != token.spaced_after or before.text == "func":
        return []
    # Texts are joined, not added.
    if text in ("+", "+=") and "string" in (before.kind, after.kind):
        return []
    if text == "&" and before.text[:1].isupper() and after.text[:1].isupper():
        return []  # types
    changes, precedence = INFIX[text]
    return [
        Site(
            token.start,
            [f"{text} → {change}" for change in changes],
            lambda n: (
                # A range's operator has no blanks around it, and needs none: its characters are its own.
                [(token.start, token.end, operator_name(n))],
                infix(n, text, precedence, changes),
            ),
        )
    ]


def infix(number, text, precedence, changes):
    name = operator_name(number)
    declaration = f"infix operator {name}: {precedence}Precedence"
    return [declaration, *operators.functions(name, number, text, changes)]


def prefix(number):
    name = operator_name(number)
    return [f"prefix operator {name}", *operators.functions(name, number, "!", ["removes !"])]


def number_sites(token, before, after, all_tokens, index):
    if "." in token.text or before and before.text in (".", "@") or "e" in token.text and "x" not in token.text:
        return []
    # Raw values, and what isn't an expression.
    declaration = {t.text for t in all_tokens[max(0, index - 4) : index]}
    if before and before.text == "=" and "case" in declaration:
        return []
    if after and after.text == "of":
        return []
    return [
        Site(
            token.start,
            [f"{token.text} + 1", f"{token.text} − 1"],
            lambda n: ([(token.start, token.end, f"mutated({n}, {token.text})")], None),
        )
    ]


def name_sites(text, token, before, after, all_tokens, index):
    if token.text in ("true", "false") and before.text not in ("while", "case", "."):
        return [
            Site(
                token.start,
                [f"{token.text} → {'false' if token.text == 'true' else 'true'}"],
                lambda n: ([(token.start, token.end, f"mutated({n}, {token.text})")], None),
            )
        ]
    if token.text in ("min", "max") and after and after.text == "(" and after.start == token.end:
        if before.text in ("func", "static"):
            return []
        change = [f"{token.text} → {'max' if token.text == 'min' else 'min'}"]
        closing = text[after.end] == ")"
        separator = "" if closing else ", "
        name = f"mutated{token.text.capitalize()}"
        return [
            Site(
                token.start,
                change,
                lambda n: ([(token.start, after.end, f"{name}({n}{separator}")], None),
            )
        ]
    if token.text in ("guard", "if"):
        return condition_sites(text, token, all_tokens, index)
    return []


COMPARISONS = {"<", "<=", ">", ">=", "==", "!=", "&&", "||", "===", "!=="}


def condition_sites(text, token, all_tokens, index):
    """Inverts a condition that no other mutant inverts."""
    found = []
    depth = 0
    parts = [[]]
    for part in all_tokens[index + 1 :]:
        if depth == 0 and part.text == ("else" if token.text == "guard" else "{"):
            break
        if part.kind == "mark" and part.text in "([{":
            depth += 1
        elif part.kind == "mark" and part.text in ")]}":
            depth -= 1
            if depth < 0:
                return found
        if depth == 0 and part.text == ",":
            parts.append([])
            continue
        parts[-1].append((part, depth))
    for part in parts:
        if not part:
            continue
        first, last = part[0][0], part[-1][0]
        flat = {t.text for t, depth in part if depth == 0}
        if first.text in ("let", "var", "case", "!", "#available", "true", "false") or flat & (COMPARISONS | {"as"}):
            continue
        found.append(
            Site(
                first.start,
                [f"inverts the condition {text[first.start : last.end]}".replace("\n", " ")],
                lambda n, first=first, last=last: (
                    [(first.start, first.start, f"inverted({n}, "), (last.end, last.end, ")")],
                    None,
                ),
            )
        )
    return found


def return_sites(text, all_tokens):
    """Returns nil early from functions with an optional result."""
    found = []
    # For each open brace, whether it belongs to a function with an optional result; None for what isn't a function.
    scopes = []
    pending = None
    for index, token in enumerate(all_tokens):
        before = all_tokens[index - 1] if index else None
        if token.text in ("func", "init", "subscript", "var", "let", "class", "struct", "enum"):
            pending = token.text if token.text == "func" else None
        if token.text == "{":
            if pending == "func" and enclosing_parentheses(all_tokens, index) == 0:
                scopes.append(before.text == "?")
                pending = None
            else:
                # The braces of statements belong to their function; those of closures may not.
                scopes.append(scopes[-1] if scopes and is_statement(all_tokens, index) else None)
        elif token.text == "}":
            if scopes:
                scopes.pop()
        elif token.text == "return" and scopes and scopes[-1]:
            following = all_tokens[index + 1].text
            if following not in ("nil", "}"):
                found.append(
                    Site(
                        token.start,
                        ["returns nil"],
                        lambda n, token=token: (
                            [(token.start, token.start, f"if isMutated({n}) {{ return nil }}; ")],
                            None,
                        ),
                    )
                )
    return found


def enclosing_parentheses(all_tokens, index):
    depth = 0
    for token in reversed(all_tokens[max(0, index - 80) : index]):
        if token.text in ("func", "{", "}"):
            break
        depth += {")": -1, "(": 1}.get(token.text, 0)
    return depth


def is_statement(all_tokens, index):
    """Whether the brace at an index is of `if`, `guard`, `else`, `for`, `while`, `do`, `catch` or `switch`."""
    depth = 0
    for token in reversed(all_tokens[max(0, index - 60) : index]):
        if token.text in (")", "]"):
            depth += 1
        elif token.text in ("(", "["):
            depth -= 1
            if depth < 0:
                return False
        elif depth == 0 and token.text in ("if", "guard", "else", "for", "while", "do", "catch", "switch", "repeat"):
            return True
        elif token.text in ("{", "}"):
            return False
    return False


def positions(text, place):
    line = text.count("\n", 0, place) + 1
    return line, place - (text.rfind("\n", 0, place) + 1) + 1


class WrittenFile(NamedTuple):
    text: str
    declarations: list
    mutants: list
    # For each mutant's site: its place in the new text, and its first number.
    places: list


def written(name, text, first, dropped):
    """Writes a file with all of its mutants but the sites in `dropped`, each (file, place)."""
    edits, declarations, mutants, numbered = [], [], [], []
    number = first
    for site in sites(text):
        if (name, site.place, site.changes[0]) in dropped:
            continue
        line, column = positions(text, site.place)
        new_edits, declaration = site.write(number)
        # An insertion that begins before another edit at the same place must stay outside of it.
        edits += [(start, end, -len(edits) if end == start else 1, new) for start, end, new in new_edits]
        declarations += declaration or []
        numbered.append((site, number))
        for change in site.changes:
            mutants.append(Mutant(number, name, line, column, change))
            number += 1
    places, parts, last = [], [], 0
    by_place = {}
    for site, first_number in numbered:
        by_place.setdefault(site.place, []).append((site, first_number))
    length = 0
    for start, end, _, new in sorted(edits, key=lambda edit: (edit[0], edit[1], edit[2])):
        parts += [text[last:start], new]
        length += start - last
        for site, first_number in by_place.pop(start, []):
            places.append((length, site, first_number))
        length += len(new)
        last = end
    parts.append(text[last:])
    return WrittenFile("".join(parts), declarations, mutants, places)
