package import Catalog
package import Logging
import Support
package import Sync
import Transfer
import TwilioAPI

/// Probes unknown sizes in the background, once the lists are complete.
///
/// Twilio reports a voice recording's size only with its media, so each size costs one request; the catalog keeps it.
/// Programs' requests and prefetching take precedence. An unused mount probes nothing.
public final class SizeProber: Sendable {
    /// An account to probe.
    package typealias Account = (catalog: Catalog, synchronizer: Synchronizer)

    /// The greatest number of probes at a time, which leaves half of the account's limit to programs.
    private static let limit = 16

    /// Recordings read from the catalog at a time.
    private static let step = 256

    /// One list of one account, in one database: another one numbers its recordings anew.
    private struct List: Hashable {
        let account: Int
        let epoch: Int
        let kind: MediaKind
    }

    private struct State {
        /// The position of the last probed recording of each list.
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

    /// Makes a prober for a mount's accounts; ``start()`` begins.
    ///
    /// - Parameters:
    ///   - delay: The wait before the first probe, since a backup requests sizes itself right after the mount.
    ///   - pause: The wait when all sizes are known.
    package init(
        accounts: [Account], library: any PrefetchableMedia, delay: Duration = .seconds(10),
        pause: Duration = .seconds(5), logger: Logger
    ) {
        self.accounts = accounts
        media = library
        self.delay = delay
        self.pause = pause
        self.logger = logger
    }

    /// Starts the thread; throws ``SystemError`` if the system refuses one.
    public func start() throws {
        let thread = try NamedThread(name: "sizes") { [self] in
            var pause = delay
            while !state.waitUntil(timeout: pause, { $0.isShutDown }) {
                // The next round finds recordings added meanwhile.
                pause = probeSome() ? .zero : self.pause
            }
        }
        self.thread.withLock { $0 = thread }
    }

    /// Ends the thread, after the transfer client was shut down.
    public func shutDown() {
        state.change { $0.isShutDown = true }
        thread.withLock { $0 }?.join()
    }

    /// Probes the next recordings of one list; false if none can be probed now.
    private func probeSome() -> Bool {
        for (index, account) in accounts.enumerated() where account.synchronizer.isUsed {
            for kind in MediaKind.allCases
            where account.catalog.window.kinds.contains(kind) && account.synchronizer.isComplete(kind)
                // Who may not list recordings may not fetch them either, as a rule.
                && account.synchronizer.refusal(of: [kind]) == nil
            {
                do throws(CatalogError) {
                    let list = List(account: index, epoch: account.catalog.epoch, kind: kind)
                    if try probeSome(of: list, in: account.catalog) { return true }
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

    /// Waits for room for another probe; false after ``shutDown()``.
    private func waitForRoom() -> Bool {
        state.waitWithoutEnd { state -> Bool? in
            if state.isShutDown { return false }
            guard state.running < Self.limit else { return nil }
            state.running += 1
            return true
        }
    }

    private func probe(_ sid: SID, _ catalog: Catalog) throws(CatalogError) {
        let end: @Sendable () -> Void = { [state] in state.changeForOne { $0.running -= 1 } }
        do throws(CatalogError) {
            guard let resource = try catalog.resource(of: sid) else { return end() }
            media.describe(resource, priority: .background) { _ in end() }
        } catch {
            end()
            throw error
        }
    }
}
