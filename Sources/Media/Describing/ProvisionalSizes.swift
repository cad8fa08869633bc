import TwilioAPI

/// Sizes that count for a while and in this process only, since nothing but the length of one answer vouches for them.
struct ProvisionalSizes {
    private struct Size {
        let bytes: Int64
        let isDoubtedFrom: ContinuousClock.Instant
    }

    /// For how long a size is told without asking again.
    static func lifetime(of facts: MediaFacts) -> Duration { .seconds(facts.isCut ? 5 : 60) }

    /// Sizes that are remembered; one that is forgotten costs a request.
    private static let limit = 100_000

    private var sizes: [SID: Size] = [:]

    /// The plaintext size of a recording in bytes; nil when none is known or it is in doubt.
    func size(of sid: SID, now: ContinuousClock.Instant) -> Int64? {
        guard let size = sizes[sid], size.isDoubtedFrom > now else { return nil }
        return size.bytes
    }

    /// Takes note of the size in facts that aren't confirmed.
    mutating func note(_ facts: MediaFacts, of sid: SID, now: ContinuousClock.Instant) {
        if sizes.count >= Self.limit { sizes = sizes.filter { $0.value.isDoubtedFrom > now } }
        if sizes.count >= Self.limit { sizes.removeAll(keepingCapacity: true) }
        sizes[sid] = Size(bytes: facts.plaintextSize, isDoubtedFrom: now + Self.lifetime(of: facts))
    }

    /// Forgets a size: a better one is known, or it was wrong.
    mutating func forget(_ sid: SID) {
        sizes[sid] = nil
    }
}
