public import Media
public import TestSupport

/// Collects the results of a read; a second one would be seen.
public final class NotingReceiver: ReadReceiver {
    /// The results so far.
    public let results = Awaited<Result<[UInt8], MediaError>>()

    /// Starts without a result.
    public init() {}

    /// Keeps the plaintext.
    public func readDidFinish(_ plaintext: RawSpan) {
        results.add(.success(plaintext.withUnsafeBytes { Array($0) }))
    }

    /// Keeps the error.
    public func readDidFail(_ error: MediaError) {
        results.add(.failure(error))
    }
}

extension MediaReader {
    /// Reads, and waits for the result.
    public func read(at offset: Int64, count: Int) throws -> [UInt8] {
        let receiver = NotingReceiver()
        read(at: offset, count: count, receiver: receiver)
        return try receiver.results.value().get()
    }
}
