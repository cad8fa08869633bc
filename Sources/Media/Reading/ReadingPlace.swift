import Support

/// A reader's position and read-ahead; its identity names the reader to the ``BlockMap``.
final class ReadingPlace: Sendable {
    private let window: Locked<ReadAheadWindow>

    /// - Parameter first: the least bytes fetched by the first read.
    init(first: Int64 = ReadAheadWindow.minimum) { window = Locked(ReadAheadWindow(first: first)) }

    /// Notes a read: see ``ReadAheadWindow/advance(_:share:largest:connectionCount:)``.
    func advance(_ read: Range<Int64>, share: Int64, link: LinkEstimate) -> ReadAheadWindow.Wish {
        window.withLock {
            $0.advance(read, share: share, largest: link.largestWindow, connectionCount: link.connectionCount)
        }
    }

    /// Notes a shortage of memory for read-ahead.
    func noteShortage() { window.withLock { $0.noteShortage() } }
    var identifier: ObjectIdentifier { ObjectIdentifier(self) }
}
