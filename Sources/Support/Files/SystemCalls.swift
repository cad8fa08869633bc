public import Glibc

/// Makes a system call again for as long as a signal interrupts it.
///
/// - Parameter call: The call; a negative result and `EINTR` in `errno` mean that it was interrupted.
/// - Returns: Its result; `errno` says why a negative one is.
@inlinable
public func uninterrupted<Result: SignedInteger>(_ call: () -> Result) -> Result {
    while true {
        let result = call()
        if result >= 0 || errno != EINTR { return result }
    }
}

/// Reads an open file from its position to its end.
///
/// For files that the kernel, or a mount, makes when they are read: Foundation takes a read that brings less than was
/// asked for as the end of a file, and /proc hands over some lines at a time, 4 KiB at most.
public func readToEnd(_ descriptor: Int32) throws(SystemError) -> [UInt8] {
    var (bytes, piece) = ([UInt8](), [UInt8](repeating: 0, count: 64 << 10))
    while true {
        let count = uninterrupted { read(descriptor, &piece, piece.count) }
        guard count >= 0 else { throw SystemError("a file can't be read") }
        guard count > 0 else { return bytes }
        bytes += piece[..<count]
    }
}
