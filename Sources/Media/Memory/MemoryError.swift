/// The memory that was granted for media is too little, or isn't there.
public struct MemoryError: Error, Sendable, CustomStringConvertible {
    let byteCount: Int

    /// One sentence that says so.
    public var description: String { "\(byteCount) bytes of memory for media are too few, or more than available" }
}
