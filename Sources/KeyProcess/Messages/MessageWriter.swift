import Envelope

/// Writes the fields of a message into memory that is wiped after use.
struct MessageWriter {
    private let memory: UnsafeMutableRawBufferPointer
    /// The number of bytes written so far.
    private(set) var count = 0

    init(_ memory: UnsafeMutableRawBufferPointer) { self.memory = memory }

    /// Writes a number, little-endian.
    mutating func number(_ number: some FixedWidthInteger) throws(MessageError) {
        try withUnsafeBytes(of: number.littleEndian) { (bytes) throws(MessageError) in try self.bytes(bytes) }
    }

    /// Writes bytes as they are.
    mutating func bytes(_ bytes: UnsafeRawBufferPointer) throws(MessageError) {
        guard memory.count - count >= bytes.count else { throw .tooLong }
        UnsafeMutableRawBufferPointer(rebasing: memory[count...]).copyMemory(from: bytes)
        count += bytes.count
    }

    /// Writes bytes as they are.
    mutating func bytes(_ bytes: [UInt8]) throws(MessageError) {
        guard memory.count - count >= bytes.count else { throw .tooLong }
        UnsafeMutableRawBufferPointer(rebasing: memory[count...]).copyBytes(from: bytes)
        count += bytes.count
    }

    /// Writes bytes after their number.
    mutating func countedBytes(_ bytes: [UInt8]) throws(MessageError) {
        guard let count = UInt16(exactly: bytes.count) else { throw .tooLong }
        try number(count)
        try self.bytes(bytes)
    }

    /// Writes a text after its size.
    mutating func text(_ text: String) throws(MessageError) { try countedBytes(Array(text.utf8)) }

    /// Writes a text that may be missing.
    mutating func optionalText(_ text: String?) throws(MessageError) {
        try flag(text != nil)
        if let text { try self.text(text) }
    }

    /// Writes yes or no.
    mutating func flag(_ flag: Bool) throws(MessageError) { try number(UInt8(flag ? 1 : 0)) }
}
