/// Reads the fields of a message; each is bounded by the message's end.
struct MessageReader {
    private let bytes: UnsafeRawBufferPointer
    private var position = 0

    init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    /// Reads a number, little-endian.
    mutating func number<Number: FixedWidthInteger & BitwiseCopyable>(
        _: Number.Type = Number.self
    ) throws(MessageError) -> Number {
        let size = Number.bitWidth / 8
        guard bytes.count - position >= size else { throw .tooShort }
        defer { position += size }
        return Number(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: Number.self))
    }

    /// Reads bytes with a body that takes them at once.
    mutating func bytes<Result>(
        _ count: Int, _ body: (UnsafeRawBufferPointer) -> Result
    ) throws(MessageError) -> Result {
        guard count >= 0, bytes.count - position >= count else { throw .tooShort }
        defer { position += count }
        return body(UnsafeRawBufferPointer(rebasing: bytes[position..<(position + count)]))
    }

    /// Reads a fixed number of bytes.
    mutating func bytes(_ count: Int) throws(MessageError) -> [UInt8] { try bytes(count) { Array($0) } }

    /// Reads bytes after their number.
    mutating func countedBytes() throws(MessageError) -> [UInt8] { try bytes(Int(number(UInt16.self))) }

    /// Reads a text in valid UTF-8 after its size.
    mutating func text() throws(MessageError) -> String {
        guard let text = String(validating: try countedBytes(), as: UTF8.self) else { throw .invalid }
        return text
    }

    /// Reads a text that may be missing.
    mutating func optionalText() throws(MessageError) -> String? { try flag() ? text() : nil }

    /// Reads yes or no.
    mutating func flag() throws(MessageError) -> Bool {
        switch try number(UInt8.self) {
        case 0: false
        case 1: true
        default: throw .invalid
        }
    }

    /// Throws unless all of the message was read.
    func end() throws(MessageError) {
        guard position == bytes.count else { throw .tooLong }
    }
}
