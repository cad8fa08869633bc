import TwilioAPI

/// Sizes that count for a while and in this process only, since nothing but the length of one answer vouches for them.
struct ProvisionalSizes {
    private struct Size {
        let bytes: Int64
        let isDoubtedFrom: ContinuousClock.Instant
    }

    /// For how long a size is told without asking again.
    static func lifetime(of facts: MediaFacts) -> Duration { .seconds(facts.completeness == .cut ? 5 : 60) }

    /// Sizes that are remembered; one that is forgotten costs a request.
    private static let limit = 100_000

    private var sizes: [SID: Size] = [:]

    /// The sizes of which something told that they aren't the media's, and since when each has been told.
    private var claims: [SID: (bytes: Int64, since: ContinuousClock.Instant)] = [:]

    /// For how long a size has to be told to be believed against what the media's header, its resource or an earlier
    /// description tells: media that has just been recorded is whole by then.
    static let settlingTime = Duration.seconds(60)

    /// Whether a size that was told again has been told for long enough.
    mutating func isSettled(_ facts: MediaFacts, of sid: SID, now: ContinuousClock.Instant) -> Bool {
        if let claim = claims[sid], claim.bytes == facts.ciphertextSize {
            return now - claim.since >= Self.settlingTime
        }
        if claims.count >= Self.limit { claims.removeAll(keepingCapacity: true) }
        claims[sid] = (facts.ciphertextSize, now)
        return false
    }

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

    /// An answer with media has told a size, in bytes of ciphertext: a claim of another size begins anew.
    mutating func noteAnswer(of sid: SID, size: Int64) {
        if let claim = claims[sid], claim.bytes != size { claims[sid] = nil }
    }

    /// Forgets a size: a better one is known, or it was wrong.
    mutating func forget(_ sid: SID) {
        sizes[sid] = nil
        claims[sid] = nil
    }
}
