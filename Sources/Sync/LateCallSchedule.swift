import Support
import TwilioAPI

/// Decides when the calls that the list of calls lacked are asked for, each alone: a state machine without I/O.
///
/// Each is asked for a few times, with growing pauses: it may be listed late, have been deleted, or never appear. Times
/// are seconds since 1970.
struct LateCallSchedule {
    private struct Missing {
        /// The last creation of a recording of the call.
        var created: Int64
        var attempts = 0
        /// The earliest time of the next attempt.
        var next: Int64
    }

    /// The pauses after the attempts; after the last attempt none follows.
    static let pauses: [Int64] = [600, 3600, 6 * 3600, 86_400]
    /// The most calls at a time.
    static let limit = 1000

    private var missing: [SID: Missing] = [:]
    /// The position of the last recording whose call was looked up.
    private(set) var position: Int64 = 0

    /// Notes calls that are missing, and the position of the last recording that was looked at for them.
    ///
    /// - Parameters:
    ///   - calls: the calls, each with the time of creation of its latest recording, if known.
    ///   - delay: the seconds after a recording's creation until its call may be asked for: until then, it is expected
    ///     in the list.
    mutating func note(
        _ calls: [(call: SID, created: Int64?)], through position: Int64, now: Int64, delay: Int64
    ) {
        for (call, created) in calls where missing[call] == nil && missing.count < Self.limit {
            // The clocks may differ.
            let created = min(created ?? now, now)
            missing[call] = Missing(created: created, next: created.addingSaturated(delay))
        }
        self.position = position
    }

    /// Forgets the calls of recordings created before a time.
    mutating func forget(before time: Int64) { missing = missing.filter { $0.value.created >= time } }

    /// Forgets a call that is known.
    mutating func forget(_ call: SID) { missing[call] = nil }

    /// The calls to ask for now, in the order in which they became due.
    func due(now: Int64, limit: Int) -> [SID] {
        let due = missing.filter { $0.value.next <= now }
            .sorted { ($0.value.next, $0.key.description) < ($1.value.next, $1.key.description) }
        return due.prefix(limit).map(\.key)
    }

    /// Notes an attempt without success.
    mutating func noteAttempt(_ call: SID, now: Int64) {
        guard var entry = missing[call] else { return }
        guard entry.attempts < Self.pauses.count else {
            missing[call] = nil
            return
        }
        entry.next = now.addingSaturated(Self.pauses[entry.attempts])
        entry.attempts += 1
        missing[call] = entry
    }
}
