import TwilioAPI

/// Sizes that count for a while and in this process only, since nothing but the length of one answer vouches for them.
struct ProvisionalSizes {
    private struct Size {
        let bytes: Int64
        let isDoubtedFrom: ContinuousClock.Instant
    }

    /// For how long a size is told without asking again.
    static let lifetime = Duration.seconds(600)

    /// Sizes that are remembered; one that is forgotten costs a request.
    private static let limit = 100_000

    private var sizes: [SID: Size] = [:]

    /// The plaintext size of a recording in bytes; nil when none is known or it is in doubt.
    func size(of sid: SID, now: ContinuousClock.Instant) -> Int64? {
        guard let size = sizes[sid], size.isDoubtedFrom > now else { return nil }
        return size.bytes
    }

    /// Takes note of a size.
    mutating func note(_ bytes: Int64, of sid: SID, now: ContinuousClock.Instant) {
        if sizes.count >= Self.limit { sizes = sizes.filter { $0.value.isDoubtedFrom > now } }
        if sizes.count >= Self.limit { sizes.removeAll(keepingCapacity: true) }
        sizes[sid] = Size(bytes: bytes, isDoubtedFrom: now + Self.lifetime)
    }

    /// Forgets a size: a better one is known, or it was wrong.
    mutating func forget(_ sid: SID) {
        sizes[sid] = nil
    }
}
