import Catalog
import Logging
import Support
import Transfer
import TwilioAPI

/// Requests the resources of unusable recordings again, each at most once a minute.
///
/// A list may have returned a wrong resource, for instance one with a damaged envelope. Otherwise, the catalog would
/// keep it until the next pass.
final class ResourceRefresher: Sendable {
    /// The seconds between requests of a recording: its resource may stay wrong, and programs retry persistently.
    private static let interval: Int64 = 60
    /// The number of remembered requests at which those older than the interval are forgotten.
    private static let keptCount = 1000

    private let services: SyncServices
    private let removals: RemovalFeed
    /// The times of the last requests, in seconds since 1970.
    private let requested = Locked<[SID: Int64]>([:])

    init(services: SyncServices, removals: RemovalFeed) {
        self.services = services
        self.removals = removals
    }

    /// Requests a recording, unless that was done recently.
    ///
    /// - Parameter completion: called on another thread after the request, or at once if there is none.
    func refresh(_ sid: SID, completion: @escaping @Sendable () -> Void) {
        guard let kind = sid.kind, isDue(sid, at: services.settings.now()) else {
            completion()
            return
        }
        let before = document(of: sid)
        services.finder.ask(for: sid, of: kind, priority: .reader) { [self] outcome in
            if case .success(.some) = outcome, document(of: sid) != before {
                services.logger.info("\(sid): the resource has changed (fetched again); the catalog is updated")
            }
            services.writer.run(.urgent) { [self] in
                removals.publish()
                completion()
            }
        }
    }

    /// Whether a recording may be requested now; notes the request if so.
    private func isDue(_ sid: SID, at now: Int64) -> Bool {
        requested.withLock { requested in
            if age(of: requested[sid], at: now) < Self.interval { return false }
            if requested.count >= Self.keptCount {
                requested = requested.filter { age(of: $0.value, at: now) < Self.interval }
            }
            requested[sid] = now
            return true
        }
    }

    private func document(of sid: SID) -> [UInt8]? {
        (try? services.catalog.resource(of: sid))?.json
    }
}
