extension FixedWidthInteger {
    /// Returns the sum, or the type's largest or smallest number on overflow.
    public func addingSaturated(_ other: Self) -> Self {
        let (sum, overflow) = addingReportingOverflow(other)
        guard overflow else { return sum }
        // A sum of signed numbers overflows only when both have the same sign.
        return other < 0 ? .min : .max
    }

    /// Returns the difference, or the type's largest or smallest number on overflow.
    public func subtractingSaturated(_ other: Self) -> Self {
        let (difference, overflow) = subtractingReportingOverflow(other)
        guard overflow else { return difference }
        return !Self.isSigned || other > 0 ? .min : .max
    }

    /// Returns the product, or the type's largest or smallest number on overflow.
    public func multipliedSaturated(by other: Self) -> Self {
        let (product, overflow) = multipliedReportingOverflow(by: other)
        guard overflow else { return product }
        return (self < 0) == (other < 0) ? .max : .min
    }

    /// Truncates a floating-point number to an integer within the type's range; NaN becomes 0.
    public init(saturating number: Double) {
        self = number.isNaN ? 0 : Self(exactly: number.rounded(.towardZero)) ?? (number < 0 ? .min : .max)
    }
}

extension Sequence where Element: FixedWidthInteger {
    /// Returns the sum of all elements, added in order with ``addingSaturated``.
    public func sumSaturated() -> Element { reduce(0) { $0.addingSaturated($1) } }
}
