public import Media
import Support
import TwilioAPI

/// An open file; releasing it closes it.
public final class OpenFile: Sendable {
    /// The source of the bytes.
    public enum Content: Sendable {
        /// Decrypted media, from memory or the network.
        case media(MediaReader)
        /// Bytes in memory.
        case bytes([UInt8])
    }

    /// The source of the file's bytes.
    public let content: Content
    /// Whether the kernel may keep the pages of an earlier opening.
    public let mayKeepPages: Bool
    /// Whether reads bypass the kernel's pages, since each opening has its own content.
    public let isVolatile: Bool
    /// The branch of the file.
    let branch: BranchNumber
    /// The modification time of the content.
    let modified: Timestamp
    /// The size that the file had when it was opened, in bytes; nil if it wasn't known.
    let size: Int64?
    private let onClose: @Sendable () -> Void
    /// Whether the content is unchanged since the opening.
    private let isCurrent: @Sendable () -> Bool
    private let hasBeenRead = Locked(false)

    /// Whether the bytes may be read; false if they changed between the opening and the first read.
    ///
    /// The program may have asked for the size of the new bytes in between.
    public func beginReading() -> Bool {
        hasBeenRead.withLock { hasBeenRead in
            if !hasBeenRead, !isCurrent() { return false }
            hasBeenRead = true
            return true
        }
    }

    /// Whether the media has changed since the opening, so that every read fails.
    public var isOutdated: Bool { if case .media(let reader) = content { reader.isOutdated } else { false } }

    init(
        content: Content, branch: BranchNumber = .main, modified: Timestamp = Attributes.unknownTime,
        size: Int64? = nil, mayKeepPages: Bool, isVolatile: Bool = false,
        isCurrent: @escaping @Sendable () -> Bool = { true }, onClose: @escaping @Sendable () -> Void = {}
    ) {
        self.content = content
        self.branch = branch
        self.modified = modified
        self.size = size
        self.mayKeepPages = mayKeepPages
        self.isVolatile = isVolatile
        self.onClose = onClose
        self.isCurrent = isCurrent
    }

    deinit { onClose() }
}
