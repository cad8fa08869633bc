/// A parser of bytes from outside, as libFuzzer calls it.
struct FuzzTarget: Sendable {
    /// The name of the target, and of the folder with its seeds.
    let name: String

    /// Gives bytes to the parser and checks what has to hold of the result.
    ///
    /// Errors are what a parser should throw, so they end the run of one input and nothing else.
    let run: @Sendable ([UInt8]) throws -> Void

    /// All targets.
    static let all: [FuzzTarget] =
        listTargets + valueTargets + transferTargets + engineTargets + envelopeTargets + storedTargets
        + settingTargets + nameTargets + messageTargets
}

/// Ends the process, which libFuzzer reports with the input, when something doesn't hold.
func check(_ holds: Bool, _ message: @autoclosure () -> String) {
    precondition(holds, message())
}

/// The bytes as text; invalid UTF-8 is replaced, as parsers do with what they read.
func text(_ bytes: some Collection<UInt8>) -> String {
    String(decoding: bytes, as: UTF8.self)
}

/// Fields that are separated by a zero byte, for parsers that take several.
func fields(_ bytes: [UInt8]) -> [String] {
    bytes.split(separator: 0, omittingEmptySubsequences: false).map { text($0) }
}

/// Takes integers from the beginning of an input; zero when there are no more bytes.
struct InputReader {
    private var bytes: ArraySlice<UInt8>

    init(_ bytes: [UInt8]) {
        self.bytes = bytes[...]
    }

    /// The next number, little-endian.
    mutating func integer<Number: FixedWidthInteger>(_: Number.Type = Number.self) -> Number {
        var number: Number = 0
        for index in 0..<Number.bitWidth / 8 {
            guard let byte = bytes.popFirst() else { break }
            number |= Number(truncatingIfNeeded: byte) << Number(index * 8)
        }
        return number
    }

    /// Everything that is left.
    var rest: [UInt8] { Array(bytes) }
}
