public import Catalog
public import Logging
public import Media
import Support
public import Sync
import Transfer
import TwilioAPI

/// Probes the sizes that no program has asked for yet, in the background, once the lists are complete.
///
/// Twilio reports a voice recording's size only with its media, so each costs one request, once: the catalog keeps it.
/// Requests that somebody waits for go first, and so does prefetching. An unused mount probes nothing.
public final class SizeProber: Sendable {
    /// An account as probing sees it.
    public struct Account: Sendable {
        let catalog: Catalog
        let synchronizer: Synchronizer

        /// Puts an account together.
        public init(catalog: Catalog, synchronizer: Synchronizer) {
            self.catalog = catalog
            self.synchronizer = synchronizer
        }
    }

    /// How many probes run at the same time: the rest of the account's limit is for requests that somebody waits for.
    static let limit = 16

    /// How many recordings are taken from the catalog at a time.
    private static let step = 256

    /// One list of one account.
    private struct List: Hashable {
        let account: Int
        let kind: MediaKind
    }

    private struct State {
        /// The position in each list up to which the recordings were probed.
        var positions: [List: Int64] = [:]
        var running = 0
        var isShutDown = false
    }

    private let accounts: [Account]
    private let media: any PrefetchableMedia
    private let logger: Logger
    private let delay: Duration
    private let pause: Duration
    private let state = Condition(State())
    private let thread = Locked<NamedThread?>(nil)

    /// Makes a prober for the accounts of a mount; ``start()`` begins.
    public convenience init(accounts: [Account], library: MediaLibrary, logger: Logger) {
        self.init(accounts: accounts, media: library, delay: .seconds(10), pause: .seconds(5), logger: logger)
    }

    /// - Parameters:
    ///   - delay: the wait before the first probe: a mount made for one backup is asked for sizes right away.
    ///   - pause: the wait when there is nothing to probe.
    init(
        accounts: [Account], media: any PrefetchableMedia, delay: Duration, pause: Duration, logger: Logger
    ) {
        self.accounts = accounts
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
                // The next round finds those added meanwhile.
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
        for (index, account) in accounts.enumerated() where account.synchronizer.isUsed {
            for kind in MediaKind.allCases
            where account.catalog.window.kinds.contains(kind) && account.synchronizer.isComplete(kind) {
                do throws(CatalogError) {
                    if try probeSome(of: List(account: index, kind: kind), in: account.catalog) { return true }
                } catch {
                    logger.debug("sizes can't be probed", error: error)
                }
            }
        }
        return false
    }

    private func probeSome(of list: List, in catalog: Catalog) throws(CatalogError) -> Bool {
        let position = state.changeQuietly { $0.positions[list] ?? 0 }
        let entries = try catalog.unsized(of: list.kind, after: position, limit: Self.step)
        guard let last = entries.last else { return false }
        for entry in entries {
            guard waitForRoom() else { return false }
            try probe(entry.sid, catalog)
        }
        state.changeQuietly { $0.positions[list] = last.position }
        return true
    }

    /// Waits until another probe may begin; false after ``shutDown()``.
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
