public import Support
import TwilioAPI

/// An open file with its own read-ahead; deinitialising it closes the file.
///
/// A deferred reader opens the file at its first read: many files are opened and never read, and opening an envelope
/// takes milliseconds.
public final class MediaReader: Sendable {
    /// Opens the file of a deferred reader.
    public typealias Opener = @Sendable (@escaping @Sendable (Result<MediaReader, MediaError>) -> Void) -> Void

    /// The state of the opening.
    ///
    /// Valid transitions: `deferred` → `opening` → `opened`, `changed`, or again `deferred`. Only a reader that isn't
    /// deferred has `content`.
    private enum Opening {
        /// The opened content. If the file changes, reads fail: bytes of two contents are never mixed.
        case content(MediaContent, through: ReadPath, at: ReadingPlace)

        case deferred

        /// The file is being opened for these reads.
        case opening([Read])

        /// The reader opened by a deferred one.
        case opened(MediaReader)

        /// The media has changed since the file was opened.
        case changed(MediaError)

        /// Takes a read, and keeps it while the file is being opened; returns the previous state.
        mutating func take(_ read: Read) -> Opening {
            let before = self
            switch before {
            case .deferred: self = .opening([read])
            case .opening(let waiting): self = .opening(waiting + [read])
            case .content, .opened, .changed: break
            }
            return before
        }

        /// Ends the opening; returns the reads that waited.
        mutating func didOpen(_ result: Result<MediaReader, MediaError>) -> [Read] {
            guard case .opening(let waiting) = self else { return [] }
            switch result {
            case .success(let reader): self = .opened(reader)
            case .failure(let error) where error.code == .changed: self = .changed(error)
            case .failure: self = .deferred
            }
            return waiting
        }
    }

    private struct Read {
        let offset: Int64
        let count: Int
        let receiver: any ReadReceiver
    }

    private struct State {
        var opening: Opening
        var progress: ReadProgress
    }

    private let state: Locked<State>
    private let opener: Opener?

    /// The kernel's pages on which a deferred reader relies; nil if they need no authentication.
    private let trust: KernelPages.Trust?
    private let sid: SID
    private let size: Int64
    private let onClose: @Sendable () -> Void

    /// Whether the kernel may keep its pages of this file.
    ///
    /// It may if the media has no tag, or if the content's authentication covers all of these pages. The kernel doesn't
    /// request the bytes of its pages, so other pages would never be authenticated.
    public let mayKeepPages: Bool

    init(file: MediaFile, opened: MediaFile.Opened, onClose: @escaping @Sendable () -> Void) {
        opener = nil
        trust = nil
        sid = file.sid
        size = opened.content.plaintextSize
        state = Locked(
            State(
                opening: .content(opened.content, through: file.reads, at: ReadingPlace()),
                progress: ReadProgress(size: size)))
        self.onClose = onClose
        mayKeepPages = opened.isContinued || opened.content.authentication == nil
    }

    /// Makes a deferred reader; if the plaintext size turns out not to be `size` bytes, every read fails.
    init(
        _ sid: SID, size: Int64, mayKeepPages: Bool, trust: KernelPages.Trust?, opener: @escaping Opener,
        onClose: @escaping @Sendable () -> Void
    ) {
        self.opener = opener
        self.trust = trust
        self.sid = sid
        self.size = size
        state = Locked(State(opening: .deferred, progress: ReadProgress(size: size)))
        self.mayKeepPages = mayKeepPages
        self.onClose = onClose
    }

    deinit { onClose() }

    /// The most bytes of one read.
    public static let largestRead = Int(PendingRead.largest)

    /// Calls `observer` once the end and at least half of the bytes were requested: at once, or on a read's thread.
    ///
    /// Half is enough, because the kernel doesn't request cached pages. The end alone isn't: players read it first.
    public func whenReadToEnd(_ observer: @escaping @Sendable () -> Void) {
        let due = state.withLock { $0.progress.watch(observer) }
        due?()
    }

    /// Whether the opened content was dropped, for example because the media has changed: then every read fails.
    public var isOutdated: Bool {
        switch state.withLock({ $0.opening }) {
        case .content(let content, let reads, _): !reads.isCurrent(content)
        case .opened(let reader): reader.isOutdated
        case .changed: true
        case .deferred, .opening: false
        }
    }

    /// Reads plaintext.
    ///
    /// - Parameters:
    ///   - offset: the plaintext offset of the first byte.
    ///   - count: the number of bytes, at most ``largestRead``; fewer are read only at the end of the file.
    ///   - receiver: gets the bytes or the error, exactly once: at once from memory, else later on another thread.
    public func read(at offset: Int64, count: Int, receiver: any ReadReceiver) {
        let count = max(0, min(count, Self.largestRead))
        let range = offset..<max(offset, offset.addingSaturated(Int64(count)))
        let read = Read(offset: offset, count: count, receiver: receiver)
        let (readToEnd, opening) = state.withLock { ($0.progress.advance(range), $0.opening.take(read)) }
        readToEnd?()
        switch opening {
        case .content(let content, let reads, let place):
            reads.read(range, of: content, at: place, receiver: receiver)
        case .opened(let reader):
            reader.read(at: offset, count: count, receiver: receiver)
        case .deferred:
            if trust?.isLost ?? false {
                // An opening would account for pages that the kernel has of other content.
                didOpen(.failure(changed))
            } else {
                // The closure retains the reader, so the file stays open for the waiting reads.
                opener? { [self] in didOpen($0) }
            }
        case .opening:
            break
        case .changed(let error):
            receiver.readDidFail(error)
        }
    }

    private var changed: MediaError {
        MediaError(.changed, sid, "\(sid) has changed since it was opened: open it again")
    }

    /// Ends the opening; after a failure, the next read tries again unless the media has changed.
    private func didOpen(_ result: Result<MediaReader, MediaError>) {
        var result = result
        // The program may have been given pages of a content that was dropped before it was verified.
        if case .success(let reader) = result, reader.size != size || trust?.isLost ?? false {
            result = .failure(changed)
        }
        let waiting = state.withLock { $0.opening.didOpen(result) }
        for read in waiting {
            switch result {
            case .success(let reader): reader.read(at: read.offset, count: read.count, receiver: read.receiver)
            case .failure(let error): read.receiver.readDidFail(error)
            }
        }
    }
}

/// Receives the result of a read.
public protocol ReadReceiver: Sendable {
    /// The read succeeded; `plaintext` is valid until this returns.
    func readDidFinish(_ plaintext: RawSpan)

    /// The read failed.
    func readDidFail(_ error: MediaError)
}
