import ArgumentParser

/// A number of bytes, written by people: `0`, `512M`, `10G`, `16MiB`, `1.5GB`.
///
/// As in most Linux tools, the suffixes `G`, `GB` and `GiB` are the same power of 1024.
struct ByteSize: Hashable, Sendable {
    /// The suffixes; each is 1024 times its predecessor.
    private static let suffixes = Array("KMGTP")

    let bytes: Int64

    init(bytes: Int64) { self.bytes = bytes }

    /// Reads a size; nil for other texts.
    init?(_ text: String) {
        let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        guard let first = number.first, first != ".", number.last != ".", let value = Double(number) else { return nil }
        var unit = text.dropFirst(number.count).uppercased()
        var factor = 1.0
        if let letter = unit.first, let power = Self.suffixes.firstIndex(of: letter) {
            for _ in 0...power { factor *= 1024 }
            unit.removeFirst()
            if unit == "IB" { unit = "B" }
        } else if number.contains(".") {
            return nil
        }
        // Double represents whole numbers exactly up to 2^53, eight petabytes.
        let bytes = (value * factor).rounded(.down)
        guard unit.isEmpty || unit == "B", bytes <= 0x1p53 else { return nil }
        self.bytes = Int64(bytes)
    }

    /// The size as an option's argument, in the largest unit that divides it: `256M`.
    var argument: String {
        var (value, unit) = (bytes, "")
        for suffix in Self.suffixes where value != 0 && value % 1024 == 0 {
            (value, unit) = (value / 1024, "\(suffix)")
        }
        return "\(value)\(unit)"
    }

    /// Reads a size from the command line.
    static func parse(_ text: String) throws -> ByteSize {
        guard let size = ByteSize(text) else {
            throw ValidationError("'\(text)' is not a size such as 0, 512M, 10G or 1.5T (powers of 1024)")
        }
        return size
    }
}

extension ByteSize: CustomStringConvertible {
    /// The size in the largest unit that it reaches, with at most one decimal.
    var description: String {
        var value = Double(bytes)
        var unit = "B"
        for suffix in Self.suffixes where value >= 1024 {
            value /= 1024
            unit = "\(suffix)iB"
        }
        let tenths = (value * 10).rounded()
        let isWhole = tenths.truncatingRemainder(dividingBy: 10) == 0
        return "\(isWhole ? "\(Int64(tenths / 10))" : "\(tenths / 10)") \(unit)"
    }
}
