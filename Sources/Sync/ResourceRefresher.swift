import Catalog
import Logging
import Support
import Transfer
import TwilioAPI

/// Requests the resources of unusable recordings again, each at most once a minute.
///
/// A list may have returned a wrong resource, for instance with a damaged envelope, which would otherwise stay until
/// the next pass.
final class ResourceRefresher: Sendable {
    typealias Completion = @Sendable (RefreshOutcome) -> Void

    private struct State {
        /// The times of the requests, in seconds since 1970.
        var asked: [SID: Int64] = [:]
        var requests = SingleFlight<SID, Completion>()
    }

    private enum Step {
        case ask
        case wait
        case refuse
    }

    /// The seconds between requests of a recording: its resource may stay wrong, and programs retry persistently.
    private static let interval: Int64 = 60
    /// The number of times kept even if they have expired.
    private static let keptCount = 1000

    private let services: SyncServices
    private let removals: RemovalFeed
    private let state = Locked(State())

    init(services: SyncServices, removals: RemovalFeed) {
        self.services = services
        self.removals = removals
    }

    /// Requests a recording, unless that was done recently; `completion` is called later on another thread.
    func refresh(_ sid: SID, completion: @escaping Completion) {
        guard let kind = sid.kind else {
            services.writer.run(.urgent) { completion(.unchanged) }
            return
        }
        let now = services.settings.now()
        let step = state.withLock { state -> Step in
            if state.requests.isUnderWay(sid) {
                state.requests.join(completion, for: sid)
                return .wait
            }
            if let asked = state.asked[sid], Self.isRecent(asked, now) { return .refuse }
            if state.asked.count >= Self.keptCount {
                state.asked = state.asked.filter { Self.isRecent($0.value, now) }
            }
            state.asked[sid] = now
            state.requests.join(completion, for: sid)
            return .ask
        }
        switch step {
        case .ask: ask(for: sid, of: kind)
        case .wait: break
        case .refuse: services.writer.run(.urgent) { completion(.unchanged) }
        }
    }

    private func ask(for sid: SID, of kind: MediaKind) {
        let before = document(of: sid)
        services.finder.ask(for: sid, of: kind, priority: .reader) { [self] outcome in
            let result: RefreshOutcome =
                switch outcome {
                case .success(nil): .gone
                case .success: document(of: sid) == before ? .unchanged : .changed
                case .failure: .unchanged
                }
            if result == .changed {
                services.logger.info("\(sid): the resource has changed (fetched again); the catalog is updated")
            }
            services.writer.run(.urgent) { [self] in
                removals.publish()
                for completion in state.withLock({ $0.requests.complete(sid) }) { completion(result) }
            }
        }
    }

    /// Whether a request is recent; a time in the future isn't, since the clock was set back.
    private static func isRecent(_ time: Int64, _ now: Int64) -> Bool {
        (0..<interval).contains(now.subtractingSaturated(time))
    }

    private func document(of sid: SID) -> [UInt8]? {
        (try? services.catalog.resource(of: sid))?.json
    }
}
