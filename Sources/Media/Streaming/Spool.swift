import Glibc
import Support

/// A temporary file of ciphertext, for servers that ignore ranges.
///
/// Its bytes are encrypted once more, since the media may not be (``SpoolCipher``). It is unnamed, so it vanishes with
/// the process. One download writes it from beginning to end; any thread may read the written part.
final class Spool: Sendable {
    let descriptor: Int32
    private let cipher: SpoolCipher

    /// `O_TMPFILE` of open(2), which Swift doesn't import; it is the same on every architecture that Swift supports.
    private static let withoutName = 0o20000000 | O_DIRECTORY

    /// Makes an empty file, in a folder with space for the ciphertext.
    init(folder: String) throws(SystemError) {
        cipher = try SpoolCipher()
        let descriptor = open(folder, Self.withoutName | O_RDWR | O_CLOEXEC, 0o600)
        if descriptor >= 0 {
            self.descriptor = descriptor
            return
        }
        // Not every file system supports unnamed files (NFS doesn't).
        var template = Array("\(folder)/spool-XXXXXX".utf8CString)
        let named = mkstemp(&template)
        guard named >= 0 else {
            throw SystemError("no temporary file can be created in '\(folder)'", errno)
        }
        unlink(template)
        // Swift doesn't import mkostemp(3).
        _ = fcntl(named, F_SETFD, FD_CLOEXEC)
        self.descriptor = named
    }

    deinit { close(descriptor) }

    /// Writes all bytes at an offset.
    func write(_ bytes: RawSpan, at offset: Int64) throws(SystemError) {
        let source = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.byteCount, alignment: 16)
        defer { source.deallocate() }
        try cipher.apply(bytes, at: offset, to: source)
        var written = 0
        while written < source.count {
            let count = uninterrupted {
                pwrite(
                    descriptor, source.baseAddress.map { $0 + written }, source.count - written, Int(offset) + written)
            }
            guard count > 0 else { throw SystemError("ciphertext can't be written to a temporary file", errno) }
            written += count
        }
    }

    /// Returns written bytes.
    func bytes(_ range: Range<Int64>) throws(SystemError) -> [UInt8] {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: range.count, alignment: 1)
        defer { buffer.deallocate() }
        try read(range, into: buffer)
        return Array(buffer)
    }

    /// Reads written bytes.
    func read(_ range: Range<Int64>, into bytes: UnsafeMutableRawBufferPointer) throws(SystemError) {
        var done = 0
        while done < range.count {
            let count = uninterrupted {
                pread(descriptor, bytes.baseAddress.map { $0 + done }, range.count - done, Int(range.lowerBound) + done)
            }
            // The file ends within the written bytes only if the file system fails.
            guard count > 0 else {
                throw SystemError("ciphertext can't be read from a temporary file", count == 0 ? EIO : errno)
            }
            done += count
        }
        try cipher.apply(UnsafeRawBufferPointer(bytes).bytes, at: range.lowerBound, to: bytes)
    }
}
