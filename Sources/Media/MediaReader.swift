import Threading

/// One opened file's place in reading: it knows where its reader is, and reads ahead from there.
///
/// Letting go of it closes it.
public final class MediaReader: Sendable {
    private let file: MediaFile

    /// What was opened.
    ///
    /// Should the file change, reads fail: bytes of two contents are never mixed.
    private let content: MediaContent
    private let place = ReadingPlace()
    private let progress: Locked<ReadProgress>
    private let onClose: @Sendable () -> Void

    /// Whether the kernel may keep the pages that it has of this file.
    ///
    /// It may when this file's bytes have all gone through the same authentication, or can't be authenticated. Pages
    /// from before would be bytes that the authentication has never seen, and would never see, so it could not
    /// complete.
    public let mayKeepPages: Bool

    init(file: MediaFile, opened: MediaFile.Opened, onClose: @escaping @Sendable () -> Void) {
        self.file = file
        content = opened.content
        progress = Locked(ReadProgress(size: opened.content.plaintextSize))
        self.onClose = onClose
        mayKeepPages = opened.isContinued || opened.content.authentication == nil
    }

    deinit {
        onClose()
    }

    /// Bytes that one read may ask for.
    public static let largestRead = 1 << 20

    /// Calls `observer` once the file has been asked for to its end, and for at least half of its bytes.
    ///
    /// Half, because the kernel may have some of them already and doesn't ask for those; and not the end alone, because
    /// a player looks there first.
    ///
    /// - Parameter observer: called at once, or within a read, on the reader's thread.
    public func whenReadToEnd(_ observer: @escaping @Sendable () -> Void) {
        let due = progress.withLock { $0.watch(observer) }
        due?()
    }

    /// Reads plaintext.
    ///
    /// - Parameters:
    ///   - offset: of the first byte, in the plaintext.
    ///   - count: bytes, ``largestRead`` at the most; fewer are read only where the file ends before.
    ///   - receiver: gets the bytes or the error, exactly once: at once when they are in memory, else later on another
    ///     thread.
    public func read(at offset: Int64, count: Int, receiver: any ReadReceiver) {
        let count = min(count, Self.largestRead)
        let range = offset..<max(offset, offset.addingSaturated(Int64(count)))
        let readToEnd = progress.withLock { $0.advance(range) }
        readToEnd?()
        let receiver = CountingReceiver(receiver, counts: file.services.counts)
        file.read(range, of: content, at: place, receiver: receiver)
    }
}

/// Takes what a read ends with.
public protocol ReadReceiver: Sendable {
    /// The bytes; gone when it returns.
    func readDidFinish(_ plaintext: RawSpan)

    /// There will be none.
    func readDidFail(_ error: MediaError)
}
