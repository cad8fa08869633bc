public import Glibc

/// Repeats a system call while a signal interrupts it (a negative result with `EINTR` in `errno`).
@inlinable
public func uninterrupted<Result: SignedInteger>(_ call: () -> Result) -> Result {
    while true {
        let result = call()
        if result >= 0 || errno != EINTR { return result }
    }
}

/// The target of a symbolic link; nil for other files.
public func linkTarget(of path: String) -> String? {
    var target = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink(path, &target, target.count)
    guard count > 0 else { return nil }
    return String(decoding: target[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
}

/// Reads an open file from its position to its end.
///
/// It serves generated files, as in /proc or a mount. Foundation takes a short read for the end of the file, and a read
/// in /proc may return 4 KiB at most.
///
/// - Parameter limit: The largest number of bytes to read.
public func readToEnd(_ descriptor: Int32, limit: Int = .max) throws(SystemError) -> [UInt8] {
    var (bytes, piece) = ([UInt8](), [UInt8](repeating: 0, count: min(limit, 64 << 10)))
    while bytes.count < limit {
        let count = uninterrupted { read(descriptor, &piece, min(piece.count, limit - bytes.count)) }
        guard count >= 0 else { throw SystemError("a file can't be read") }
        guard count > 0 else { break }
        bytes += piece[..<count]
    }
    return bytes
}
