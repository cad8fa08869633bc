import Synchronization
import TwilioAPI

/// The pages that the kernel keeps of media with a tag, as far as no open content accounts for them.
///
/// The kernel doesn't request the bytes of its pages, so a content's authentication only sees the others. Pages may be
/// kept while the content that they came through is open, and after that if all of it was verified. If a content goes
/// unverified, later readers of other content would complete its pages with theirs, and no tag would ever be compared
/// with what their programs get. Openings have the kernel drop such pages; readers that were opened before, but have
/// opened no content yet (``MediaReader``), fail.
struct KernelPages {
    /// The pages on which the deferred readers of one recording rely.
    final class Trust: Sendable {
        private let lost = Atomic(false)

        /// Whether pages may be of a content that was dropped unverified since.
        var isLost: Bool { lost.load(ordering: .acquiring) }
        fileprivate func lose() { lost.store(true, ordering: .releasing) }
    }

    /// The most verified recordings remembered; a forgotten one is fetched again.
    private static let limit = 100_000

    /// Recordings that were verified and let go: all of their pages are authentic.
    private(set) var verified: Set<SID> = []

    /// What deferred readers rely on, with their number.
    private var trusts: [SID: (trust: Trust, count: Int)] = [:]

    /// Notes a deferred reader, until ``release(_:of:)``.
    mutating func rely(on sid: SID) -> Trust {
        let (trust, count) = trusts[sid] ?? (Trust(), 0)
        trusts[sid] = (trust, count + 1)
        return trust
    }

    /// Notes that a deferred reader was closed.
    mutating func release(_ trust: Trust, of sid: SID) {
        guard let (current, count) = trusts[sid], current === trust else { return }
        trusts[sid] = count > 1 ? (trust, count - 1) : nil
    }

    /// Notes that a recording was let go, all of whose pages are authentic.
    mutating func keep(_ sid: SID) {
        if verified.count < Self.limit { verified.insert(sid) } else { lose(sid) }
    }

    /// Hands the pages of a verified recording over to its file; false if they aren't known to be authentic.
    mutating func take(_ sid: SID) -> Bool { verified.remove(sid) != nil }

    /// Notes that nothing accounts for a recording's pages any more.
    mutating func lose(_ sid: SID) {
        verified.remove(sid)
        trusts.removeValue(forKey: sid)?.trust.lose()
    }
}
