import TwilioAPI

/// Sizes valid for a while and in this process only, since they come from the length of one answer.
struct ProvisionalSizes {
    /// The validity of a size.
    static func lifetime(of facts: MediaFacts) -> Duration { .seconds(facts.completeness == .cut ? 5 : 60) }

    /// The most sizes remembered; a forgotten one costs a request.
    private static let limit = 100_000

    private var sizes: [SID: (bytes: Int64, isDoubtedFrom: ContinuousClock.Instant)] = [:]

    /// The unconfirmed sizes in bytes of ciphertext, and the time since which each was reported.
    private var claims: [SID: (bytes: Int64, since: ContinuousClock.Instant)] = [:]

    /// The time after which a reported size is believed even if a header, the resource or an earlier description
    /// contradicts it; media recorded just now is complete by then.
    static let settlingTime = Duration.seconds(60)

    /// Whether a size has been reported for the settling time; notes it if it is new.
    mutating func isSettled(_ facts: MediaFacts, of sid: SID, now: ContinuousClock.Instant) -> Bool {
        if let claim = claims[sid], claim.bytes == facts.ciphertextSize {
            return now - claim.since >= Self.settlingTime
        }
        if claims.count >= Self.limit { claims.removeAll(keepingCapacity: true) }
        claims[sid] = (facts.ciphertextSize, now)
        return false
    }

    /// The plaintext size of a recording in bytes; nil if unknown or expired.
    func size(of sid: SID, now: ContinuousClock.Instant) -> Int64? {
        guard let size = sizes[sid], size.isDoubtedFrom > now else { return nil }
        return size.bytes
    }

    /// Notes the size in unconfirmed facts.
    mutating func note(_ facts: MediaFacts, of sid: SID, now: ContinuousClock.Instant) {
        if sizes.count >= Self.limit { sizes = sizes.filter { $0.value.isDoubtedFrom > now } }
        if sizes.count >= Self.limit { sizes.removeAll(keepingCapacity: true) }
        sizes[sid] = (facts.plaintextSize, now + Self.lifetime(of: facts))
    }

    /// Notes the size of an answer in bytes of ciphertext; if it is another one, the settling time begins again.
    mutating func noteAnswer(of sid: SID, size: Int64) {
        if let claim = claims[sid], claim.bytes != size { claims[sid] = nil }
    }

    /// Forgets all sizes, of which some were guessed without the private key.
    mutating func forgetSizes() { sizes = [:] }

    /// Forgets a size that was confirmed or wrong.
    mutating func forget(_ sid: SID) {
        sizes[sid] = nil
        claims[sid] = nil
    }
}
