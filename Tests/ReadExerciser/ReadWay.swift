import Foundation

/// Is a way in which a program can read a part of a file.
enum ReadWay: String, Sendable, CaseIterable {
    /// `pread`.
    case pread
    /// `lseek` and `read`, on a descriptor of one thread.
    case read
    /// `pread` past the page cache (`O_DIRECT`).
    case direct
    /// Memory that is mapped from the file.
    case mmap
    /// `sendfile`, within the kernel.
    case sendfile
    /// The whole file from its beginning to its end, with `read`.
    case whole

    /// The flags with which the file is opened.
    var flags: Int32 {
        self == .direct ? O_RDONLY | O_CLOEXEC | Self.withoutPageCache : O_RDONLY | O_CLOEXEC
    }

    #if arch(arm64)
        private static let withoutPageCache: Int32 = 0o200000
    #else
        private static let withoutPageCache: Int32 = 0o40000
    #endif
}

/// Is the number of the error with which a call failed.
struct Failure: Error {
    let number: Int32

    /// The error of the call that has just failed.
    static var last: Failure { Failure(number: errno) }
}
