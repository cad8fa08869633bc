/// An error for memory that is too little or can't be mapped.
public struct MemoryError: Error, Sendable, CustomStringConvertible {
    let byteCount: Int

    /// A sentence with the number of bytes.
    public var description: String { "\(byteCount) bytes of memory for media are too few, or more than available" }
}
