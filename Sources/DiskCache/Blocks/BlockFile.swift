import Glibc
import Support

/// The contents of a block's file: header, then data.
enum BlockFile {
    enum ReadResult {
        case read
        /// The file is not this block, or is not intact.
        case damaged
        /// The system failed, which says nothing about the file.
        case failed
    }

    /// Reads and verifies a block; the buffers together are as long as its data.
    static func read(
        _ descriptor: Int32, _ header: BlockHeader, into buffers: [UnsafeMutableRawBufferPointer]
    ) -> ReadResult {
        // One extra byte detects appended data without another system call.
        withUnsafeTemporaryAllocation(byteCount: header.length + 1, alignment: 8) { frame in
            withUnsafeTemporaryAllocation(of: iovec.self, capacity: buffers.count + 2) { vectors in
                let found = UnsafeMutableRawBufferPointer(rebasing: frame[..<header.length])
                vectors.initializeElement(at: 0, to: iovec(found))
                for (position, buffer) in buffers.enumerated() {
                    vectors.initializeElement(at: position + 1, to: iovec(buffer))
                }
                vectors.initializeElement(
                    at: buffers.count + 1,
                    to: iovec(UnsafeMutableRawBufferPointer(rebasing: frame[header.length...])))
                let length = header.length + buffers.reduce(0) { $0 + $1.count }
                do throws(SystemError) {
                    let count = try VectoredTransfer.run(vectors, "a block can't be read") {
                        preadv(descriptor, $0, $1, $2)
                    }
                    guard count == length else { return .damaged }
                } catch {
                    // An unreadable sector stays unreadable.
                    return error.code.rawValue == EIO ? .damaged : .failed
                }
                guard found.starts(with: header.bytes) else { return .damaged }
                // Memory may be exhausted, which says nothing about the file either.
                guard var checksum = BlockChecksum() else { return .failed }
                header.bytes.withUnsafeBytes { checksum.update($0) }
                for buffer in buffers { checksum.update(UnsafeRawBufferPointer(buffer)) }
                let stored = found.loadUnaligned(fromByteOffset: header.bytes.count, as: UInt64.self)
                return UInt64(littleEndian: stored) == checksum.value ? .read : .damaged
            }
        }
    }

    /// Writes a block.
    ///
    /// Nothing is flushed to the disk: the checksum detects data lost in a power failure.
    static func write(
        _ descriptor: Int32, _ header: BlockHeader, from buffers: [UnsafeRawBufferPointer]
    ) throws(SystemError) {
        guard var checksum = BlockChecksum() else { throw SystemError("a block can't be written", ENOMEM) }
        header.bytes.withUnsafeBytes { checksum.update($0) }
        for buffer in buffers { checksum.update(buffer) }
        var frame = header.bytes
        frame.append(littleEndian: checksum.value)
        let length = frame.count + buffers.reduce(0) { $0 + $1.count }
        let result = frame.withUnsafeMutableBytes { frame in
            withUnsafeTemporaryAllocation(of: iovec.self, capacity: buffers.count + 1) { vectors in
                vectors.initializeElement(at: 0, to: iovec(frame))
                for (position, buffer) in buffers.enumerated() {
                    // The buffer is only read; iovec has one type for both directions.
                    vectors.initializeElement(
                        at: position + 1, to: iovec(UnsafeMutableRawBufferPointer(mutating: buffer)))
                }
                return Result { () throws(SystemError) in
                    try VectoredTransfer.run(vectors, "a block can't be written") { pwritev(descriptor, $0, $1, $2) }
                }
            }
        }
        guard try result.get() == length else { throw SystemError("a block can't be written", ENOSPC) }
    }
}

extension iovec {
    fileprivate init(_ buffer: UnsafeMutableRawBufferPointer) {
        self.init(iov_base: buffer.baseAddress, iov_len: buffer.count)
    }
}
