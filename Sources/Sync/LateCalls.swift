import Catalog
import Logging
import Support
import TwilioAPI

/// Asks for the calls of new recordings one by one that the list of calls lacked for long.
///
/// A call may be listed late, or under a time that no recording suggests. Without its call, a recording wouldn't tell
/// who speaks, although Twilio knows. ``LateCallSchedule`` bounds the requests.
final class LateCalls: Sendable {
    private struct State {
        var schedule = LateCallSchedule()
        /// The database that the schedule describes.
        var epoch: Int?
        var looked: Int64?
        var isRunning = false
    }

    /// The seconds between two looks.
    static let interval: Int64 = 300
    /// The most calls that a look asks for, one after the other.
    static let requestLimit = 16

    private let services: SyncServices
    private let state = Locked(State())

    init(services: SyncServices) { self.services = services }

    /// Asks for what is due, in the background; to be called when all calls that are listed are known.
    ///
    /// - Parameter since: the time of creation from which recordings matter.
    func look(now: Int64, since: Int64) {
        let isDue = state.withLock { state in
            guard !state.isRunning, age(of: state.looked, at: now) >= Self.interval else { return false }
            state.isRunning = true
            state.looked = now
            return true
        }
        guard isDue else { return }
        // Not on the writing thread, which may call this.
        services.workers.readers.run { [self] in
            do throws(CatalogError) {
                ask(try due(now: now, since: since)[...], now: now)
            } catch {
                services.logger.debug("calls that are missing can't be looked up", error: error)
                end()
            }
        }
    }

    /// The calls to ask for, in the order of requests.
    private func due(now: Int64, since: Int64) throws(CatalogError) -> [SID] {
        let catalog = services.catalog
        let epoch = catalog.epoch
        let position = state.withLock { state in
            if state.epoch != epoch { (state.schedule, state.epoch) = (LateCallSchedule(), epoch) }
            state.schedule.forget(before: since)
            return state.schedule.position
        }
        let last = try catalog.lastPosition()
        let found = try catalog.calls.unknown(
            createdSince: since, after: position, limit: LateCallSchedule.limit)
        let due = state.withLock { [services] state in
            state.schedule.note(found, through: last, now: now, delay: services.settings.overlap)
            return state.schedule.due(now: now, limit: LateCallSchedule.limit)
        }
        var unknown: [SID] = []
        for call in due where unknown.count < Self.requestLimit {
            if try catalog.call(call) == nil {
                unknown.append(call)
            } else {
                state.withLock { $0.schedule.forget(call) }
            }
        }
        return unknown
    }

    /// Asks for calls one after the other; ends early when Twilio doesn't answer.
    private func ask(_ calls: ArraySlice<SID>, now: Int64) {
        guard let call = calls.first else {
            end()
            return
        }
        services.client.call(call) { [self] result in
            services.writer.run(.urgent) { [self] in
                take(result, of: call, now: now)
                if case .failure(let error) = result, !error.isTwiliosNotFound {
                    end()
                } else {
                    ask(calls.dropFirst(), now: now)
                }
            }
        }
    }

    private func take(_ result: Result<CallDescription, TwilioError>, of call: SID, now: Int64) {
        do {
            try services.catalog.calls.store(
                [try result.get()], covering: [], keepingAllSince: .min, epoch: services.catalog.epoch)
            state.withLock { $0.schedule.forget(call) }
        } catch {
            services.logger.debug("\(call): the call is not known", error: error)
            state.withLock { $0.schedule.noteAttempt(call, now: now) }
        }
    }

    private func end() { state.withLock { $0.isRunning = false } }
}
