public import Envelope
public import Logging
import Threading
public import Transfer
public import TwilioAPI

/// The media of all recordings that are being read, or were lately.
///
/// Makes one ``MediaFile`` for a recording, which its readers share, and keeps some for a while after the last reader has
/// left: their content keys, and their blocks as far as memory allows.
public final class MediaLibrary: Sendable {
    /// What the library works with.
    public struct Configuration: Sendable {
        /// Folder for temporary files of ciphertext.
        public var spoolFolder: String

        /// Bytes of ciphertext kept in memory, over all files.
        ///
        /// What is being fetched comes on top.
        public var memoryLimit: Int = 128 << 20

        /// Threads that decrypt.
        public var threadCount: Int

        /// Makes a configuration with its own temporary folder and number of threads.
        public init(spoolFolder: String, threadCount: Int) {
            self.spoolFolder = spoolFolder
            self.threadCount = threadCount
        }
    }

    private struct State {
        var files: [SID: MediaFile] = [:]

        /// Files without a reader, the one that was used last at the end.
        var idle: [SID] = []
    }

    /// Files kept without a reader.
    private static let idleLimit = 256

    /// Bytes of temporary files kept for files without a reader.
    private static let spoolLimit: Int64 = 1 << 30

    private let services: MediaServices
    private let state = Locked(State())

    /// Makes a library.
    ///
    /// - Parameters:
    ///   - client: tells where media is.
    ///   - transfer: fetches it.
    ///   - keys: open its envelopes.
    ///   - observer: is told what is learnt; kept.
    /// - Throws: ``ThreadingError`` when the system has no thread left.
    public init(
        client: TwilioClient, transfer: TransferClient, keys: KeyRing, configuration: Configuration,
        observer: any MediaObserver, logger: Logger
    ) throws {
        services = MediaServices(
            client: client, transfer: transfer, keys: keys,
            workers: try WorkerPool(name: "media", threadCount: configuration.threadCount),
            spoolFolder: configuration.spoolFolder, memoryLimit: configuration.memoryLimit, observer: observer,
            logger: logger)
    }

    /// Ends the library's threads.
    ///
    /// The transfer client is to be shut down before.
    public func shutDown() {
        services.workers.shutDown()
    }

    /// Learns size and envelope of a recording's media with one small request.
    ///
    /// - Parameter completion: called at once when they are known, else later on another thread.
    public func describe(
        _ resource: MediaResource, completion: @escaping @Sendable (Result<MediaFacts, MediaError>) -> Void
    ) {
        let file = file(of: resource, facts: nil)
        file.describe { [self] result in
            settle(file)
            completion(result)
        }
    }

    /// Opens a recording's media for reading: unwraps its content key, if that hasn't been done yet.
    ///
    /// - Parameters:
    ///   - facts: what is known of it from before; nil to learn it now.
    ///   - completion: called at once or later on another thread.
    public func open(
        _ resource: MediaResource, facts: MediaFacts?,
        completion: @escaping @Sendable (Result<MediaReader, MediaError>) -> Void
    ) {
        let file = file(of: resource, facts: facts, retainsReader: true)
        services.openFiles.withLock { $0 += 1 }
        file.open { [self] result in
            switch result {
            case .success(let opened):
                completion(.success(MediaReader(file: file, opened: opened) { [self] in release(file) }))
            case .failure(let error):
                release(file)
                completion(.failure(error))
            }
        }
    }

    /// What is known of the truth of a recording's bytes; nil when it isn't among the files at hand.
    public func integrity(of sid: SID) -> Integrity? {
        state.withLock { $0.files[sid] }?.integrity
    }

    /// The file of a recording, made if there is none.
    ///
    /// - Parameter retainsReader: whether a reader is counted, within the lock that `settle` takes, so that the file isn't let
    ///   go in between. Lock order: the library's, then a file's.
    private func file(of resource: MediaResource, facts: MediaFacts?, retainsReader: Bool = false) -> MediaFile {
        state.withLock { state in
            state.idle.removeAll { $0 == resource.sid }
            let file = state.files[resource.sid] ?? MediaFile(resource: resource, facts: facts, services: services)
            state.files[resource.sid] = file
            if retainsReader { file.retainReader() }
            return file
        }
    }

    private func release(_ file: MediaFile) {
        file.releaseReader()
        services.openFiles.withLock { $0 -= 1 }
        settle(file)
    }

    /// Puts a file without readers among the idle ones, and lets go of what is too much.
    private func settle(_ file: MediaFile) {
        let victims = state.withLock { state -> [MediaFile] in
            guard !file.hasReaders, state.files[file.sid] === file else { return [] }
            state.idle.removeAll { $0 == file.sid }
            state.idle.append(file.sid)
            var victims: [MediaFile] = []
            var memory = 0
            var spooled: Int64 = 0
            for file in state.idle.compactMap({ state.files[$0] }) {
                memory += file.memory
                spooled += file.spooled
            }
            var index = 0
            while index < state.idle.count,
                state.idle.count > Self.idleLimit || memory > services.memoryHalf || spooled > Self.spoolLimit
            {
                // A file that failed its authentication is remembered: every later read has to fail too.
                guard let victim = state.files[state.idle[index]], victim.integrity != .failed, !victim.hasReaders
                else {
                    index += 1
                    continue
                }
                memory -= victim.memory
                spooled -= victim.spooled
                state.files[victim.sid] = nil
                state.idle.remove(at: index)
                victims.append(victim)
            }
            return victims
        }
        for victim in victims { victim.close() }
    }
}
