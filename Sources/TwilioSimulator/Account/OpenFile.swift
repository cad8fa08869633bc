import Glibc
import Support

/// Is a file that is open for reading, closed when nobody refers to it any more.
final class OpenFile: Sendable {
    private let descriptor: Int32
    /// The size in bytes when it was opened.
    let size: Int
    /// When it was last modified.
    let modified: Instant

    /// Opens a file.
    ///
    /// - Throws: `SimulatorError` with code `file`.
    init(path: String) throws(SimulatorError) {
        descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .system(.file, "The file \(path) can't be opened") }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let error = SimulatorError.system(.file, "The file \(path) can't be looked at")
            close(descriptor)
            throw error
        }
        size = Int(status.st_size)
        modified = Instant(seconds: status.st_mtim.tv_sec)
    }

    deinit { close(descriptor) }

    /// Reads bytes: fewer than `count` only at the file's end.
    func read(at offset: Int, count: Int) throws(SimulatorError) -> [UInt8] {
        var result = [UInt8](repeating: 0, count: count)
        var length = 0
        while length < count {
            let step = result.withUnsafeMutableBytes { space in
                // Safe: what is left of the array's own space, for the time of the call.
                pread(descriptor, space.baseAddress?.advanced(by: length), count - length, offset + length)
            }
            if step < 0, errno == EINTR { continue }
            guard step >= 0 else { throw .system(.file, "A file can't be read") }
            if step == 0 { break }
            length += step
        }
        result.removeLast(count - length)
        return result
    }
}

extension SimulatorError {
    /// Makes an error that ends with what the system says about the last call that failed.
    static func system(_ code: Code, _ message: String) -> SimulatorError {
        SimulatorError(code, "\(message): \(SystemErrorCode.current)")
    }
}
