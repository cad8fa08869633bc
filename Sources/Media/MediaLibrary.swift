public import Envelope
public import Logging
public import Metrics
public import Support
import Synchronization
public import Transfer
public import TwilioAPI

/// The media of all recordings that are being read or were read lately.
///
/// It makes one ``MediaFile`` per recording, which all readers of the recording share. It keeps some files without
/// readers, with their content keys and, while memory allows, their blocks.
public final class MediaLibrary: Sendable {
    /// The library's settings.
    public typealias Configuration = MediaConfiguration

    struct State {
        var files: [SID: MediaFile] = [:]

        /// Files without readers, the last used one at the end.
        var idle: [SID] = []

        /// Prefetched files that weren't opened since, with the slots that they may take.
        var prefetched: [SID: Int] = [:]

        /// The files that failed authentication and were let go since.
        var failures = FormerFailures()

        /// Takes a file without readers out; its owner closes it.
        mutating func remove(_ file: MediaFile) {
            files[file.sid] = nil
            prefetched[file.sid] = nil
            idle.removeAll { $0 == file.sid }
            file.leavePages()
            if let failure = file.failure { failures.note(failure, of: file.sid) }
        }
    }

    /// The most bytes of temporary files kept for files without readers.
    private static let spoolLimit: Int64 = 1 << 30

    let services: MediaServices
    let state: Locked<State>

    /// Makes a library.
    ///
    /// - Parameters:
    ///   - clients: resolve media addresses, one client per account.
    ///   - transfer: fetches media.
    ///   - keys: open envelopes.
    ///   - diskCache: keeps ciphertext across restarts; nil for none.
    ///   - observer: receives findings; retained.
    ///   - metrics: makes the counters, timers and recorders.
    /// - Throws: ``SystemError`` if no thread can be started, ``MemoryError`` if the granted memory is too little.
    public init(
        clients: TwilioClients, transfer: any Downloader, keys: KeyRing, diskCache: (any BlockCache)? = nil,
        configuration: Configuration, observer: any MediaObserver,
        metrics: any MetricsFactory = NOOPMetricsHandler.instance, logger: Logger
    ) throws {
        let state = Locked(State())
        self.state = state
        services = try MediaServices(
            clients: clients, transfer: transfer, keys: keys, diskCache: diskCache, configuration: configuration,
            observer: observer, metrics: MediaMetrics(metrics), logger: logger,
            reclaim: { [weak state] count, isUrgent, memory in
                state?.reclaimMemory(count, isUrgent: isUrgent, of: memory)
            })
    }

    /// Ends the library's threads; must be called after the transfer client was shut down.
    public func shutDown() { services.shutDown() }

    /// Has private keys looked for whenever one is missing, before a recording counts as unreadable.
    public func lookForMissingKeys(with search: @escaping KeySearch) { services.keys.look(with: search) }

    /// Replaces the private keys; open files and running reads go on with the content keys that they have.
    ///
    /// Recordings that couldn't be opened are tried again when they are next opened, and sizes that depend on a content
    /// key are learnt again. What no file is open of can't be opened with a key that was taken away.
    public func replaceKeys(by keys: KeyRing) {
        let isEveryKeyLeft = keys.includes(services.keys.now.ring)
        let closed = state.withLock { state -> [MediaFile] in
            let (open, idle) = (state.files.values.filter(\.hasReaders), state.files.values.filter { !$0.hasReaders })
            services.keys.replace(
                by: keys, keepingContentKeysOf: isEveryKeyLeft ? nil : Set(open.compactMap(\.envelope)))
            let closed = idle.filter { file in
                let isGuessed = file.known.facts.map { !$0.isPlaintextSizeExact } ?? false
                return isGuessed || !isEveryKeyLeft && file.envelope != nil
            }
            for file in closed { state.remove(file) }
            return closed
        }
        services.provisionalSizes.withLock { $0.forgetSizes() }
        for file in closed { file.close() }
    }

    /// Learns size and envelope of a recording's media, usually with one small request.
    ///
    /// - Parameter completion: called at once, or later on another thread.
    public func describe(
        _ resource: MediaResource, priority: Priority = .reader,
        completion: @escaping @Sendable (Result<MediaFacts, MediaError>) -> Void
    ) {
        let file = file(of: resource, facts: nil, integrity: nil)
        file.describe(priority: priority) { [self] result in
            // Background descriptions must not push out files that were read.
            if priority == .background { drop(file) } else { settle(file) }
            if priority == .reader, case .failure(let error) = result { services.metrics.countError(error) }
            completion(result)
        }
    }

    /// Opens a recording's media for reading and unwraps its content key.
    ///
    /// - Parameters:
    ///   - facts: the known facts; nil to learn them.
    ///   - integrity: the known verdict on this media, if any.
    ///   - completion: called at once or later on another thread.
    public func open(
        _ resource: MediaResource, facts: MediaFacts?, integrity: Integrity? = nil,
        completion: @escaping @Sendable (Result<MediaReader, MediaError>) -> Void
    ) {
        let end: @Sendable (Result<MediaReader, MediaError>) -> Void = { [services] result in
            if case .failure(let error) = result { services.metrics.countError(error) }
            completion(result)
        }
        openOnce(resource, facts: facts, integrity: integrity) { [self] result in
            guard case .failure(let error) = result, error.code == .keyNotHeld, let search = services.keys.search else {
                return end(result)
            }
            search { [self] hasFound in
                guard hasFound else { return end(result) }
                openOnce(resource, facts: facts, integrity: integrity, completion: end)
            }
        }
    }

    private func openOnce(
        _ resource: MediaResource, facts: MediaFacts?, integrity: Integrity?,
        completion: @escaping @Sendable (Result<MediaReader, MediaError>) -> Void
    ) {
        if services.isKeyHeld(for: resource) == false {
            completion(.failure(services.keyNotHeld(resource)))
            return
        }
        let file = file(of: resource, facts: facts, integrity: integrity, retainsReader: true)
        services.openFiles.wrappingAdd(1, ordering: .relaxed)
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

    /// Returns a reader that opens the media at its first read.
    ///
    /// - Parameters:
    ///   - size: the plaintext size in bytes.
    ///   - hasTag: whether the media has a tag: then the kernel may keep its pages only if this process verified them.
    ///   - opener: opens the media with ``open(_:facts:integrity:completion:)``; called on the first read's thread.
    public func deferOpening(
        of sid: SID, size: Int64, hasTag: Bool, opener: @escaping MediaReader.Opener
    ) -> MediaReader {
        let (trust, arePagesAuthentic) = state.withLock { state -> (KernelPages.Trust?, Bool) in
            guard hasTag else { return (nil, true) }
            let isKnown = state.files[sid]?.hasVerifiedPages ?? false
            return services.pages.withLock { ($0.rely(on: sid), isKnown || $0.verified.contains(sid)) }
        }
        services.deferredFiles.wrappingAdd(1, ordering: .relaxed)
        // Once the media is open, it counts as an open file instead.
        let isCounted = Locked(true)
        let takeBack: @Sendable () -> Void = { [services] in
            let wasCounted = isCounted.withLock { isCounted in
                defer { isCounted = false }
                return isCounted
            }
            if wasCounted { services.deferredFiles.wrappingSubtract(1, ordering: .relaxed) }
        }
        return MediaReader(
            sid, size: size, mayKeepPages: arePagesAuthentic, trust: trust,
            opener: { completion in
                opener { [self] result in
                    if case .success = result { takeBack() }
                    // It was lost while the content was opened, which doesn't account for the kernel's pages then.
                    if trust?.isLost ?? false { state.withLock { $0.files[sid] }?.losePages() }
                    completion(result)
                }
            },
            onClose: { [services] in
                takeBack()
                if let trust { services.pages.withLock { $0.release(trust, of: sid) } }
            })
    }

    /// Opens a recording's media if its content is in memory; nil otherwise.
    public func openAtHand(_ sid: SID) -> MediaReader? {
        let file = state.withLock { state -> MediaFile? in
            guard let file = state.files[sid] else { return nil }
            file.retainReader()
            return file
        }
        guard let file else { return nil }
        services.openFiles.wrappingAdd(1, ordering: .relaxed)
        guard let opened = file.openAtHand() else {
            release(file)
            return nil
        }
        state.withLock { state in
            state.prefetched[sid] = nil
            state.idle.removeAll { $0 == sid }
        }
        return MediaReader(file: file, opened: opened) { [self] in release(file) }
    }

    /// The plaintext size in bytes known from the length of an answer alone, valid for a while; nil if unknown.
    public func provisionalSize(of sid: SID) -> Int64? {
        services.provisionalSizes.withLock { $0.size(of: sid, now: services.now) }
    }

    /// The facts of a file in memory; nil if unknown.
    public func factsAtHand(_ sid: SID) -> MediaFacts? {
        state.withLock { $0.files[sid] }?.known.facts
    }

    /// The resource of a file in memory; nil for another.
    public func resourceAtHand(_ sid: SID) -> MediaResource? {
        state.withLock { $0.files[sid] }?.known.resource
    }

    /// Whether readers from before the media changed may be left.
    public func hasOutdatedReaders(_ sid: SID) -> Bool {
        state.withLock { $0.files[sid] }?.hasOutdatedReaders ?? false
    }

    /// Whether the private key of a public key is held; nil if unknown.
    public func isKeyHeld(publicKeySID: SID, kind: MediaKind) -> Bool? {
        services.isKeyHeld(publicKeySID.description, kind: kind)
    }

    /// Determines whether a recording's private key is held, if necessary by opening the recording's envelope.
    ///
    /// Opening the envelope costs RSA operations, and a request if the facts are unknown.
    ///
    /// - Parameters:
    ///   - facts: the known facts, if any.
    ///   - completion: called at once or later on another thread; with nil if the answer is unknown.
    public func findOutKey(
        of resource: MediaResource, facts: MediaFacts?, completion: @escaping @Sendable (_ isHeld: Bool?) -> Void
    ) {
        if let isHeld = services.isKeyHeld(for: resource) {
            completion(isHeld)
            return
        }
        let file = file(of: resource, facts: facts, integrity: nil)
        file.open(isAhead: true) { [self] result in
            settle(file)
            switch result {
            case .success: completion(true)
            case .failure(let error): completion(error.code == .keyNotHeld ? false : nil)
            }
        }
    }

    /// The integrity of a file; nil if the file isn't in memory.
    public func integrity(of sid: SID) -> Integrity? {
        state.withLock { state in state.files[sid]?.integrity ?? (state.failures.has(sid) ? .failed : nil) }
    }

    /// Returns the file of a recording, made if there is none.
    ///
    /// `retainsReader` counts a reader under the lock that `settle` takes, so `settle` can't drop the file before.
    /// Lock order: the library's, then a file's.
    func file(
        of resource: MediaResource, facts: MediaFacts?, integrity: Integrity?, retainsReader: Bool = false
    ) -> MediaFile {
        let (file, outdated) = state.withLock { state -> (MediaFile, MediaFile?) in
            state.idle.removeAll { $0 == resource.sid }
            let known = state.files[resource.sid]
            // A file with readers keeps the old resource.
            let isOutdated = known.map { !$0.hasReaders && !$0.known.resource.describesMedia(like: resource) } ?? false
            if isOutdated, let known {
                state.remove(known)
                // Pages and verdict are about the former media.
                services.pages.withLock { $0.lose(known.sid) }
                _ = state.failures.take(known.sid)
            }
            let file = state.files[resource.sid] ?? makeFile(of: resource, facts: facts, in: &state)
            state.files[resource.sid] = file
            if let integrity { file.learn(integrity) }
            if retainsReader {
                file.retainReader()
                state.prefetched[resource.sid] = nil
            }
            return (file, isOutdated ? known : nil)
        }
        outdated?.close()
        return file
    }

    /// Makes a file, which accounts for the kernel's pages from now on.
    private func makeFile(of resource: MediaResource, facts: MediaFacts?, in state: inout State) -> MediaFile {
        let wasVerified = services.pages.withLock { pages in
            guard pages.take(resource.sid) else { return false }
            // Without facts, the media may be other media.
            if facts == nil { pages.lose(resource.sid) }
            return facts != nil
        }
        return MediaFile(
            resource: resource, facts: facts, wasVerified: wasVerified, failure: state.failures.take(resource.sid),
            services: services)
    }

    private func release(_ file: MediaFile) {
        file.releaseReader()
        services.openFiles.wrappingSubtract(1, ordering: .relaxed)
        settle(file)
    }

    /// Drops a file, unless it has or had readers, or is prefetched.
    private func drop(_ file: MediaFile) {
        let isDropped = state.withLock { state in
            guard !file.hasReaders, state.files[file.sid] === file, state.prefetched[file.sid] == nil,
                !file.hasBeenOpened
            else { return false }
            state.remove(file)
            return true
        }
        if isDropped { file.close() } else { settle(file) }
    }

    /// Puts a file without readers among the idle files, and closes the least recently used ones over the limits.
    func settle(_ file: MediaFile) {
        let victims = state.withLock { state -> [MediaFile] in
            guard !file.hasReaders, state.files[file.sid] === file else { return [] }
            state.idle.removeAll { $0 == file.sid }
            state.idle.append(file.sid)
            var victims: [MediaFile] = []
            var streamed = state.idle.reduce(Int64(0)) { $0 + (state.files[$1]?.streamedBytes ?? 0) }
            var index = 0
            while index < state.idle.count,
                state.idle.count > services.configuration.idleFileLimit || streamed > Self.spoolLimit
            {
                guard let victim = state.files[state.idle[index]], !victim.hasReaders else {
                    index += 1
                    continue
                }
                streamed -= victim.streamedBytes
                state.remove(victim)
                victims.append(victim)
            }
            return victims
        }
        for victim in victims { victim.close() }
    }
}

extension Locked where State == MediaLibrary.State {
    /// Evicts blocks until `count` slots are free.
    ///
    /// Files without readers come first, beginning with the least recently used one. The other files follow only if a
    /// reader waits (`isUrgent`).
    fileprivate func reclaimMemory(_ count: Int, isUrgent: Bool, of memory: MemoryPool) {
        let (idle, open) = withLock { state -> ([MediaFile], [MediaFile]) in
            let idle = state.idle.compactMap { state.files[$0] }
            return (idle, isUrgent ? state.files.values.filter { $0.hasReaders } : [])
        }
        for file in idle + open {
            guard memory.freeCount < count else { return }
            file.content.state.withLock { $0.blocks.evict(count) }
        }
    }
}
