import GRDB
import Support
import TwilioAPI

/// The recordings that were stored or removed alone of late, each with a number that grows.
///
/// A page of a list waits for a while before it is stored. Meanwhile a recording of it may be requested alone: that
/// answer counts, and the page must neither bring back what was removed nor restore what has changed. Thread-safe.
final class SingleAnswers: Sendable {
    /// A recording among all kinds.
    struct Key: Hashable {
        let kind: MediaKind
        let digits: SIDDigits
    }

    private struct State {
        var latest: Int64 = 0
        var recent: [Key: Int64] = [:]
        var older: [Key: Int64] = [:]
        /// The number from which on all answers are known.
        var known: Int64 = 0
        var recentStart: Int64 = 0
    }

    /// The most recordings of each of the two parts: more than Twilio answers while a page is on its way.
    private let limit: Int
    private let state = Locked(State())

    init(limit: Int = 32_768) { self.limit = limit }

    /// The number of the latest answer; 0 when there was none.
    var latest: Int64 { state.withLock { $0.latest } }

    /// Notes an answer, before it is stored.
    func note(_ sid: SID, _ kind: MediaKind) {
        state.withLock { state in
            if state.recent.count >= limit {
                (state.older, state.known) = (state.recent, state.recentStart)
                (state.recent, state.recentStart) = ([:], state.latest)
            }
            state.latest += 1
            state.recent[Key(kind: kind, digits: SIDDigits(sid))] = state.latest
        }
    }

    /// The answers after a number; nil when some of them are forgotten.
    func answers(after number: Int64) -> [Key: Int64]? {
        state.withLock { state in
            guard number >= state.known else { return nil }
            guard number < state.latest else { return [:] }
            return state.older.merging(state.recent) { max($0, $1) }.filter { $0.value > number }
        }
    }
}

/// When a page of a list was requested, in the order of what was stored or removed alone.
package struct PageTime: Sendable {
    /// The number of the latest answer about a single recording.
    let answer: Int64
    /// The number of the latest removal, by any mount.
    let removal: Int64
}

/// The recordings that were stored or removed alone after the pages of a batch were requested.
struct OvertakenRows {
    private var answers: [SingleAnswers.Key: Int64] = [:]
    private var removals: [SingleAnswers.Key: Int64] = [:]

    static let none = OvertakenRows()

    private init() {}

    /// - Throws: ``CatalogError`` when too much was stored since the pages were requested.
    init(_ pages: [PreparedResources], _ single: SingleAnswers, in writer: CatalogWriter) throws {
        let times = pages.compactMap(\.requested)
        guard let answer = times.map(\.answer).min(), let removal = times.map(\.removal).min() else { return }
        guard let answers = single.answers(after: answer) else {
            throw CatalogError(.incompleteList, "its pages were on their way for too long")
        }
        self.answers = answers
        let query = "SELECT kind, sid, sequence FROM removal WHERE sequence > ?1 ORDER BY sequence"
        try writer.database.forEachRow(of: query, [removal]) { row in
            guard let kind = row.kind(0), let digits = row.digits(1) else { throw DatabaseError.damage("removal") }
            removals[SingleAnswers.Key(kind: kind, digits: digits)] = row.integer(2)
        }
    }

    /// Whether a row of a page is overtaken.
    func contains(_ digits: SIDDigits, _ kind: MediaKind, requested time: PageTime?) -> Bool {
        guard let time, !(answers.isEmpty && removals.isEmpty) else { return false }
        let key = SingleAnswers.Key(kind: kind, digits: digits)
        return answers[key].map { $0 > time.answer } ?? false || removals[key].map { $0 > time.removal } ?? false
    }
}
