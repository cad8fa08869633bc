import Glibc
import Support

/// Reads or writes several buffers, from the start of a file.
enum VectoredTransfer {
    /// IOV_MAX: the most buffers in one call.
    private static let buffersInCall = 1024

    /// Repeats a call for the rest of the buffers, and returns the number of bytes transferred.
    ///
    /// The transfer is incomplete if a call transfers nothing, at the end of the file or on a full disk.
    ///
    /// - Parameters:
    ///   - vectors: the buffers; changed by the function.
    ///   - failure: the message of the error.
    ///   - call: preadv(2) or pwritev(2), with the vectors, their number and the offset in the file.
    static func run(
        _ vectors: UnsafeMutableBufferPointer<iovec>, _ failure: String,
        _ call: (UnsafeMutablePointer<iovec>?, Int32, Int) -> Int
    ) throws(SystemError) -> Int {
        var first = 0
        var done = 0
        while first < vectors.count {
            guard vectors[first].iov_len > 0 else {
                first += 1
                continue
            }
            let count = uninterrupted {
                call(vectors.baseAddress.map { $0 + first }, Int32(min(vectors.count - first, buffersInCall)), done)
            }
            if count < 0 { throw SystemError(failure) }
            if count == 0 { break }
            done += count
            var rest = count
            while rest > 0 {
                let step = min(rest, vectors[first].iov_len)
                vectors[first].iov_base = vectors[first].iov_base?.advanced(by: step)
                vectors[first].iov_len -= step
                rest -= step
                if vectors[first].iov_len == 0 { first += 1 }
            }
        }
        return done
    }
}
