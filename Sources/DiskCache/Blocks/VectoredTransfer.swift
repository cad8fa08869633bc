import Glibc
import Support

/// Reads and writes several buffers in full, from the start of a file; the vectors are changed.
enum VectoredTransfer {
    /// IOV_MAX: the most buffers in one call.
    private static let buffersInCall = 1024

    /// Fills buffers until the end of the file, and returns the number of bytes read.
    static func read(
        _ descriptor: Int32, into vectors: UnsafeMutableBufferPointer<iovec>
    ) throws(SystemError) -> Int {
        try transfer(vectors, "a block can't be read") { preadv(descriptor, $0, Int32($1), Int($2)) }
    }

    /// Writes buffers, and returns the number of bytes written: fewer if a call wrote nothing and reported no error.
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
