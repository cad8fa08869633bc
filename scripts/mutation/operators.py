"""The functions of the operators that stand in the place of a module's, in Swift."""


def comparison(operator, number, original, first, second):
    generic = f"isMutated({number}) ? l {first} r : isMutated({number + 1}) ? l {second} r : l {original} r"
    return [
        f"func {operator} <T: Comparable>(l: T, r: T) -> Bool {{ {generic} }}",
        f"func {operator} <A: Comparable, B: Comparable>(l: (A, B), r: (A, B)) -> Bool {{ {generic} }}",
        f"func {operator} <A: Comparable, B: Comparable, C: Comparable>(l: (A, B, C), r: (A, B, C)) -> Bool"
        f" {{ {generic} }}",
    ]


def equality(operator, number, original, other):
    generic = f"isMutated({number}) ? l {other} r : l {original} r"
    return [
        f"func {operator} <T: Equatable>(l: T, r: T) -> Bool {{ {generic} }}",
        f"func {operator} <T: ~Copyable>(l: borrowing T?, r: _OptionalNilComparisonType) -> Bool {{ {generic} }}",
        f"func {operator} <A: Equatable, B: Equatable>(l: (A, B), r: (A, B)) -> Bool {{ {generic} }}",
        f"func {operator} (l: Any.Type?, r: Any.Type?) -> Bool {{ {generic} }}",
    ]


def logic(operator, number, original, other):
    return [
        f"func {operator} (l: Bool, r: @autoclosure () throws -> Bool) rethrows -> Bool"
        f" {{ isMutated({number}) ? try l {other} r() : try l {original} r() }}"
    ]


def arithmetic(constraint):
    def functions(operator, number, original, other):
        return [
            f"func {operator} <T: {constraint}>(l: T, r: T) -> T"
            f" {{ isMutated({number}) ? l {other} r : l {original} r }}"
        ]

    return functions


def typed(operator, number, original, other, left, right, result, constraint=""):
    return (
        f"func {operator} {constraint}(l: {left}, r: {right}) -> {result}"
        f" {{ isMutated({number}) ? l {other} r : l {original} r }}"
    )


def sum_(operator, number, original, other):
    functions = arithmetic("AdditiveArithmetic")(operator, number, original, other)
    functions += [
        typed(operator, number, original, other, "T", "Duration", "T", "<T: InstantProtocol>")
        .replace("InstantProtocol>", "InstantProtocol>", 1)
        .replace(") -> T {", ") -> T where T.Duration == Duration {")
        .replace("l + r", "l.advanced(by: r)")
        .replace("l - r", "l.advanced(by: .zero - r)")
    ]
    for pointer in ("UnsafeMutableRawPointer", "UnsafeRawPointer"):
        functions.append(typed(operator, number, original, other, pointer, "Int", pointer))
    if original == "+":
        functions += [
            f"func {operator} <T: RangeReplaceableCollection>(l: T, r: T) -> T {{ isMutated({number}) ? l : l + r }}",
            f"func {operator} <T: RangeReplaceableCollection, S: Sequence>(l: T, r: S) -> T"
            f" where S.Element == T.Element {{ isMutated({number}) ? l : l + r }}",
        ]
    else:
        functions.append(
            f"func {operator} <T: InstantProtocol>(l: T, r: T) -> Duration where T.Duration == Duration"
            f" {{ isMutated({number}) ? l.duration(to: r) : r.duration(to: l) }}"
        )
        functions.append(
            f"func {operator} (l: UnsafeRawPointer, r: UnsafeRawPointer) -> Int"
            f" {{ isMutated({number}) ? r - l : l - r }}"
        )
    return functions


def product(operator, number, original, other):
    if original == "%":
        return arithmetic("BinaryInteger")(operator, number, original, other)
    if original == "*":
        return arithmetic("Numeric")(operator, number, original, other) + [
            f"func {operator} <R: BinaryInteger>(l: Duration, r: R) -> Duration"
            f" {{ isMutated({number}) ? l / r : l * r }}",
            f"func {operator} (l: Duration, r: Double) -> Duration {{ isMutated({number}) ? l / r : l * r }}",
        ]
    return (
        arithmetic("BinaryInteger")(operator, number, original, other)
        + arithmetic("FloatingPoint")(operator, number, original, other)
        + [
            f"func {operator} <R: BinaryInteger>(l: Duration, r: R) -> Duration"
            f" {{ isMutated({number}) ? l * r : l / r }}",
            f"func {operator} (l: Duration, r: Duration) -> Double {{ isMutated({number}) ? r / l : l / r }}",
        ]
    )


def shift(operator, number, original, other):
    return [
        f"func {operator} <L: FixedWidthInteger, R: BinaryInteger>(l: L, r: R) -> L"
        f" {{ isMutated({number}) ? l {other} r : l {original} r }}"
    ]


def assignment(operator, number, original, other):
    functions = [
        f"func {operator} <T: AdditiveArithmetic>(l: inout T, r: T)"
        f" {{ if isMutated({number}) {{ l {other} r }} else {{ l {original} r }} }}"
    ]
    if original == "+=":
        functions.append(
            f"func {operator} <T: RangeReplaceableCollection, S: Sequence>(l: inout T, r: S)"
            f" where S.Element == T.Element {{ if !isMutated({number}) {{ l += r }} }}"
        )
    return functions


def ranges(operator, number, original, other):
    if original == "..<":
        return [
            f"func {operator} <T: Strideable>(l: T, r: T) -> Range<T> where T.Stride: SignedInteger"
            f" {{ isMutated({number}) ? l..<r.advanced(by: 1) : l..<r }}"
        ]
    return [
        f"func {operator} <T: Strideable>(l: T, r: T) -> ClosedRange<T> where T.Stride: SignedInteger"
        f" {{ isMutated({number}) ? l...Swift.max(l, r.advanced(by: -1)) : l...r }}"
    ]


def negation(operator, number):
    return [f"prefix func {operator} (value: Bool) -> Bool {{ isMutated({number}) ? value : !value }}"]


def functions(operator, number, original, changes):
    """The functions of a site's operator, in the place of `original`; its mutants are numbered from `number` on."""
    if original == "!":
        return negation(operator, number)
    if len(changes) == 2:
        return comparison(operator, number, original, *changes)
    kind = {
        "==": equality, "!=": equality, "&&": logic, "||": logic, "+": sum_, "-": sum_, "*": product, "/": product,
        "%": product, "&+": arithmetic("FixedWidthInteger"), "&-": arithmetic("FixedWidthInteger"),
        "&*": arithmetic("FixedWidthInteger"), "<<": shift, ">>": shift, "&": arithmetic("BinaryInteger"),
        "|": arithmetic("BinaryInteger"), "^": arithmetic("BinaryInteger"), "+=": assignment, "-=": assignment,
        "..<": ranges, "...": ranges,
    }[original]  # fmt: skip
    return kind(operator, number, original, changes[0])
