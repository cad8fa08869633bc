import Support

/// Where one reader is in a file, and what it has ahead of it.
///
/// Its identity names the reader to the ``BlockMap``.
final class ReadingPlace: Sendable {
    private let window: Locked<ReadAheadWindow>

    /// Makes the place of a reader that hasn't read yet.
    ///
    /// - Parameter first: what its first read fetches at least, in bytes.
    init(first: Int64 = ReadAheadWindow.minimum) {
        window = Locked(ReadAheadWindow(first: first))
    }

    /// Takes note of a read: see ``ReadAheadWindow/advance(_:share:largest:connectionCount:)``.
    func advance(_ read: Range<Int64>, share: Int64, link: LinkEstimate) -> ReadAheadWindow.Wish {
        window.withLock {
            $0.advance(
                read, share: share, largest: link.largestWindow, connectionCount: link.connectionCount)
        }
    }

    /// Takes note that there was no memory for what was wished for.
    func noteShortage() {
        window.withLock { $0.noteShortage() }
    }

    /// Names this reader.
    var identifier: ObjectIdentifier { ObjectIdentifier(self) }
}
