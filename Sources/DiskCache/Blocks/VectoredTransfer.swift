import Glibc
import Support

/// Reading and writing several buffers at once, to the end.
enum VectoredTransfer {
    /// IOV_MAX: how many buffers a call takes.
    private static let buffersInCall = 1024

    /// Fills buffers from a file's beginning on, which may end before they are full.
    ///
    /// - Parameter vectors: the buffers; changed.
    /// - Returns: how many bytes were read.
    static func read(
        _ descriptor: Int32, into vectors: UnsafeMutableBufferPointer<iovec>
    ) throws(SystemError) -> Int {
        try transfer(vectors, "a block can't be read") { preadv(descriptor, $0, Int32($1), Int($2)) }
    }

    /// Writes buffers to a file's beginning.
    ///
    /// - Parameter vectors: the buffers; changed.
    /// - Returns: how many bytes were written: all of them, or the system wrote nothing without a reason.
    static func write(
        _ descriptor: Int32, from vectors: UnsafeMutableBufferPointer<iovec>
    ) throws(SystemError) -> Int {
        try transfer(vectors, "a block can't be written") { pwritev(descriptor, $0, Int32($1), Int($2)) }
    }

    private static func transfer(
        _ vectors: UnsafeMutableBufferPointer<iovec>, _ failure: String,
        _ call: (UnsafeMutablePointer<iovec>?, Int, Int) -> Int
    ) throws(SystemError) -> Int {
        var first = 0
        var done = 0
        while first < vectors.count {
            guard vectors[first].iov_len > 0 else {
                first += 1
                continue
            }
            let count = uninterrupted {
                call(vectors.baseAddress.map { $0 + first }, min(vectors.count - first, buffersInCall), done)
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
