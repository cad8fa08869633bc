public import Media
import Support

/// A file that was opened; letting go of it closes it.
public final class OpenFile: Sendable {
    /// Where its bytes come from.
    public enum Content: Sendable {
        /// Decrypted media, from memory or the network.
        case media(MediaReader)

        /// Bytes that are at hand.
        case bytes([UInt8])
    }

    /// Where the file's bytes come from.
    public let content: Content

    /// Whether the kernel may keep the pages that it has from an earlier opening.
    public let mayKeepPages: Bool

    /// Whether reads go past the kernel's pages: each opening has content of its own.
    public let isVolatile: Bool

    /// The branch that it belongs to.
    let branch: BranchNumber

    private let onClose: @Sendable () -> Void

    /// Whether the content is still what it was when the file was opened.
    private let isCurrent: @Sendable () -> Bool
    private let hasBeenRead = Locked(false)

    /// Whether the bytes may be read: not if others took their place between the opening and the first read, since the
    /// program may have asked for the size of those meanwhile.
    public func beginReading() -> Bool {
        hasBeenRead.withLock { hasBeenRead in
            if !hasBeenRead, !isCurrent() { return false }
            hasBeenRead = true
            return true
        }
    }

    /// Whether its media has changed since it was opened, so that every read fails.
    public var isOutdated: Bool {
        if case .media(let reader) = content { reader.isOutdated } else { false }
    }

    init(
        content: Content, branch: BranchNumber = .main, mayKeepPages: Bool, isVolatile: Bool = false,
        isCurrent: @escaping @Sendable () -> Bool = { true }, onClose: @escaping @Sendable () -> Void = {}
    ) {
        self.content = content
        self.branch = branch
        self.mayKeepPages = mayKeepPages
        self.isVolatile = isVolatile
        self.onClose = onClose
        self.isCurrent = isCurrent
    }

    deinit {
        onClose()
    }
}
