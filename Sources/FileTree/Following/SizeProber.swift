import Catalog
public import Logging
public import Media
import Support
import Transfer
import TwilioAPI

/// Learns the sizes that nobody has asked for yet, in the background, once the lists are here.
///
/// Twilio tells a voice recording's size only with its media, so each costs a request, once and for all: it is kept in
/// the catalog. What somebody waits for goes first, and so does what is about to be asked for. Nothing is asked while
/// nobody uses the mount.
public final class SizeProber: Sendable {
    /// How many are asked for at the same time: the rest of what the account allows is for those who wait.
    static let limit = 16

    /// Recordings that are taken from the catalog at a time.
    private static let step = 256

    /// An account as far as it matters here.
    struct Subject: Sendable {
        let catalog: Catalog
        let synchronizer: Synchronizer
    }

    private struct Place: Hashable {
        let subject: Int
        let kind: MediaKind
    }

    private struct State {
        /// The recordings up to this position of each list of each account were looked at.
        var positions: [Place: Int64] = [:]
        var running = 0
        var isShutDown = false
    }

    private let subjects: [Subject]
    private let media: any MediaAhead
    private let logger: Logger
    private let delay: Duration
    private let pause: Duration
    private let state = Condition(State())
    private let thread = Locked<NamedThread?>(nil)

    /// Makes a prober for the accounts of a mount; ``start()`` begins.
    public convenience init(branches: [Branch], library: MediaLibrary, logger: Logger) {
        self.init(
            subjects: branches.map { Subject(catalog: $0.catalog, synchronizer: $0.synchronizer) }, media: library,
            delay: .seconds(10), pause: .seconds(5), logger: logger)
    }

    /// - Parameters:
    ///   - delay: how long to wait at first: who mounts for one backup asks for sizes by themselves, right after
    ///     mounting.
    ///   - pause: how long to wait when there is nothing to do.
    init(
        subjects: [Subject], media: any MediaAhead, delay: Duration, pause: Duration, logger: Logger
    ) {
        self.subjects = subjects
        self.media = media
        self.delay = delay
        self.pause = pause
        self.logger = logger
    }

    /// Begins.
    ///
    /// - Throws: ``SystemError`` when the system has no thread left.
    public func start() throws {
        let thread = try NamedThread(name: "sizes") { [self] in
            var pause = delay
            while !state.waitUntil(timeout: pause, { $0.isShutDown }) {
                // The next look finds those that have come meanwhile.
                pause = probeSome() ? .zero : self.pause
            }
        }
        self.thread.withLock { $0 = thread }
    }

    /// Ends the thread.
    ///
    /// The transfer client is to be shut down before.
    public func shutDown() {
        state.change { $0.isShutDown = true }
        thread.withLock { $0 }?.join()
    }

    /// Probes the next recordings of some list.
    ///
    /// - Returns: whether there were any.
    private func probeSome() -> Bool {
        for (index, subject) in subjects.enumerated() where subject.synchronizer.isUsed {
            for kind in MediaKind.allCases
            where subject.catalog.window.kinds.contains(kind) && subject.synchronizer.isComplete(kind) {
                do throws(CatalogError) {
                    if try probeSome(of: kind, subject, Place(subject: index, kind: kind)) { return true }
                } catch {
                    logger.debug("sizes can't be learnt", error: error)
                }
            }
        }
        return false
    }

    private func probeSome(of kind: MediaKind, _ subject: Subject, _ place: Place) throws(CatalogError) -> Bool {
        let position = state.changeQuietly { $0.positions[place] ?? 0 }
        let entries = try subject.catalog.unsized(of: kind, after: position, limit: Self.step)
        guard let last = entries.last else { return false }
        for entry in entries {
            guard waitForRoom() else { return false }
            try probe(entry.sid, subject.catalog)
        }
        state.changeQuietly { $0.positions[place] = last.position }
        return true
    }

    /// Waits until another may be begun; false when there is no need any more.
    private func waitForRoom() -> Bool {
        state.waitWithoutEnd { state -> Bool? in
            if state.isShutDown { return false }
            guard state.running < Self.limit else { return nil }
            state.running += 1
            return true
        }
    }

    private func probe(_ sid: SID, _ catalog: Catalog) throws(CatalogError) {
        do throws(CatalogError) {
            guard let resource = try catalog.resource(of: sid) else {
                state.changeForOne { $0.running -= 1 }
                return
            }
            media.describe(resource, priority: .background) { [state] _ in state.changeForOne { $0.running -= 1 } }
        } catch {
            state.changeForOne { $0.running -= 1 }
            throw error
        }
    }
}
