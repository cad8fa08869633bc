public import Support
import TwilioAPI

/// One opened file's place in reading: it knows where its reader is, and reads ahead from there.
///
/// It can be deferred: then nothing is opened before the first read, since many files are opened and never read, and
/// opening an envelope takes milliseconds. Letting go of a reader closes it.
public final class MediaReader: Sendable {
    /// Opens the file of a deferred reader.
    public typealias Opener = @Sendable (@escaping @Sendable (Result<MediaReader, MediaError>) -> Void) -> Void

    /// What reads go to: the content, or whatever stands in its place.
    ///
    /// Valid transitions: `deferred` → `opening` → `opened`, `changed`, or again `deferred`.
    private enum Source {
        /// What was opened. Should the file change, reads fail: bytes of two contents are never mixed.
        case content(MediaContent, through: ReadPath, at: ReadingPlace)

        /// Nothing yet.
        case deferred

        /// The first read has come, and waits with others.
        case opening([Read])

        /// What a deferred reader has opened.
        case opened(MediaReader)

        /// The media isn't what it was when the file was opened.
        case changed(MediaError)

        /// What is to be done for a read.
        enum Step {
            case read(MediaContent, through: ReadPath, at: ReadingPlace)
            case handOn(MediaReader)
            case open
            case wait
            case fail(MediaError)
        }

        /// Takes a read; keeps it while the file is opened.
        mutating func take(_ read: Read) -> Step {
            switch self {
            case .content(let content, let reads, let place):
                return .read(content, through: reads, at: place)
            case .opened(let reader):
                return .handOn(reader)
            case .changed(let error):
                return .fail(error)
            case .deferred:
                self = .opening([read])
                return .open
            case .opening(let waiting):
                self = .opening(waiting + [read])
                return .wait
            }
        }

        /// The first read has had the file opened, or not.
        ///
        /// - Returns: the reads that waited for it.
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
        var source: Source
        var progress: ReadProgress
    }

    private let state: Locked<State>
    private let opener: Opener?
    private let sid: SID
    private let size: Int64
    private let onClose: @Sendable () -> Void

    /// Whether the kernel may keep the pages that it has of this file.
    ///
    /// It may when this file's bytes have all gone through the same authentication, or can't be authenticated. Pages
    /// from before would be bytes that the authentication has never seen, and would never see, so it could not
    /// complete.
    public let mayKeepPages: Bool

    init(file: MediaFile, opened: MediaFile.Opened, onClose: @escaping @Sendable () -> Void) {
        opener = nil
        sid = file.sid
        size = opened.content.plaintextSize
        state = Locked(
            State(
                source: .content(opened.content, through: file.reads, at: ReadingPlace()),
                progress: ReadProgress(size: size)))
        self.onClose = onClose
        mayKeepPages = opened.isContinued || opened.content.authentication == nil
    }

    /// A deferred reader.
    ///
    /// - Parameter size: of the plaintext, in bytes; if it turns out to be another, every read fails.
    init(
        _ sid: SID, size: Int64, mayKeepPages: Bool, opener: @escaping Opener, onClose: @escaping @Sendable () -> Void
    ) {
        self.opener = opener
        self.sid = sid
        self.size = size
        state = Locked(State(source: .deferred, progress: ReadProgress(size: size)))
        self.mayKeepPages = mayKeepPages
        self.onClose = onClose
    }

    deinit {
        onClose()
    }

    /// Bytes that one read may ask for.
    public static let largestRead = Int(PendingRead.largest)

    /// Calls `observer` once the file has been asked for to its end, and for at least half of its bytes.
    ///
    /// Half, because the kernel may have some of them already and doesn't ask for those; and not the end alone, because
    /// a player looks there first.
    ///
    /// - Parameter observer: called at once, or within a read, on the reader's thread.
    public func whenReadToEnd(_ observer: @escaping @Sendable () -> Void) {
        let due = state.withLock { $0.progress.watch(observer) }
        due?()
    }

    /// Whether the media has changed since it was opened, so that every read fails.
    public var isOutdated: Bool {
        switch state.withLock({ $0.source }) {
        case .content(let content, let reads, _): !reads.isCurrent(content)
        case .opened(let reader): reader.isOutdated
        case .changed: true
        case .deferred, .opening: false
        }
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
        let read = Read(offset: offset, count: count, receiver: receiver)
        let (readToEnd, step) = state.withLock { ($0.progress.advance(range), $0.source.take(read)) }
        readToEnd?()
        perform(step, read)
    }

    private func perform(_ step: Source.Step, _ read: Read) {
        switch step {
        case .read(let content, let reads, let place):
            reads.read(
                read.offset..<(read.offset + Int64(read.count)), of: content, at: place, receiver: read.receiver)
        case .handOn(let reader):
            reader.read(at: read.offset, count: read.count, receiver: read.receiver)
        case .open:
            // Kept until it is opened: whoever waits for it has the file open.
            opener? { [self] in didOpen($0) }
        case .wait:
            break
        case .fail(let error):
            read.receiver.readDidFail(error)
        }
    }

    /// The first read has had the file opened, or not: then the next one tries again.
    private func didOpen(_ result: Result<MediaReader, MediaError>) {
        var result = result
        if case .success(let reader) = result, reader.size != size {
            result = .failure(MediaError(.changed, sid, "\(sid) has changed since it was opened: open it again"))
        }
        let waiting = state.withLock { $0.source.didOpen(result) }
        for read in waiting {
            switch result {
            case .success(let reader): perform(.handOn(reader), read)
            case .failure(let error): read.receiver.readDidFail(error)
            }
        }
    }
}

/// Takes what a read ends with.
public protocol ReadReceiver: Sendable {
    /// The bytes; gone when it returns.
    func readDidFinish(_ plaintext: RawSpan)

    /// There will be none.
    func readDidFail(_ error: MediaError)
}
