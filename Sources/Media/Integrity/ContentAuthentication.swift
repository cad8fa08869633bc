import Envelope
import Support
import Synchronization

/// Authenticates a file's content from its blocks in any order, before they are released.
///
/// The block that completes the content is released only if the tag agrees. So no program that reads all of a forged
/// file succeeds, although earlier blocks were released. The hash of each block is kept, and a block that is fetched
/// again must have the same one.
final class ContentAuthentication: Sendable {
    /// Identifies an attempt to authenticate the content; bytes fetched for earlier attempts are ignored.
    typealias Attempt = Int

    /// The result of a block.
    enum Verdict {
        /// More blocks are missing, or the verdict is known.
        case pending

        /// The block completed the content, and the tag agrees.
        case verified

        /// The block was fetched for an earlier attempt and must not be released.
        case outdated
    }

    private struct State {
        var authenticator: GCMAuthenticator
        var fingerprints: [Int64: GCMAuthenticator.Fingerprint] = [:]
    }

    private enum Standing: UInt8, AtomicRepresentable { case unverified, verified, failed }

    /// The state before the first block.
    private let untouched: GCMAuthenticator

    private let state: Locked<State>

    // Both change under the lock. They are atomics, since every read loads them.
    private let currentAttempt = Atomic<Attempt>(0)
    private let standing = Atomic(Standing.unverified)

    /// - Parameter tag: the last 16 bytes of the ciphertext, if known.
    init(authenticator: GCMAuthenticator, tag: [UInt8]?, contentSize: Int64) throws(EnvelopeError) {
        var authenticator = authenticator
        if let tag { _ = try authenticator.absorb(tag.span.bytes, at: contentSize) }
        untouched = authenticator
        state = Locked(State(authenticator: authenticator))
        // Empty content is complete with its tag.
        try state.withLock { (state) throws(EnvelopeError) in _ = try decide(state) }
    }

    init(again other: ContentAuthentication) {
        untouched = other.untouched
        state = Locked(State(authenticator: other.untouched))
    }

    var attempt: Attempt { currentAttempt.load(ordering: .acquiring) }

    /// The first missing range of ciphertext; nil if all has arrived.
    var firstMissingRange: Range<Int64>? { state.withLock { $0.authenticator.firstMissingRange } }

    /// Begins a new attempt, with neither blocks nor a verdict.
    func begin() {
        state.withLock { state in
            state = State(authenticator: untouched)
            currentAttempt.wrappingAdd(1, ordering: .acquiringAndReleasing)
            standing.store(.unverified, ordering: .releasing)
        }
    }

    /// The verdict so far.
    var integrity: Integrity {
        switch standing.load(ordering: .acquiring) {
        case .unverified: .unverified
        case .verified: .verified
        case .failed: .failed
        }
    }

    /// Takes a block.
    ///
    /// - Parameters:
    ///   - ciphertext: whole AES blocks, except at the content's end.
    ///   - offset: the ciphertext offset. A range that is fetched again must have the same bounds.
    ///   - attempt: the attempt for which it was fetched.
    /// - Throws: if the content has failed authentication, now or earlier: nothing must be released.
    @discardableResult
    func absorb(_ ciphertext: RawSpan, at offset: Int64, attempt: Attempt) throws(EnvelopeError) -> Verdict {
        // Hashing is most of the work and depends on no state, so it is done outside the lock.
        let fingerprint = try untouched.fingerprint(of: ciphertext, at: offset)
        return try state.withLock { (state) throws(EnvelopeError) in
            guard self.attempt == attempt else { return .outdated }
            guard integrity != .failed else {
                throw EnvelopeError(.authenticationFailed, "the content failed authentication before")
            }
            guard state.fingerprints[offset] == nil || state.fingerprints[offset] == fingerprint else {
                standing.store(.failed, ordering: .releasing)
                throw EnvelopeError(
                    .authenticationFailed, "the bytes at \(offset) differ from those fetched before")
            }
            state.fingerprints[offset] = fingerprint
            try state.authenticator.absorb(fingerprint, of: ciphertext, at: offset)
            return try decide(state)
        }
    }

    private func decide(_ state: State) throws(EnvelopeError) -> Verdict {
        guard integrity == .unverified, state.authenticator.isComplete else { return .pending }
        do throws(EnvelopeError) {
            try state.authenticator.verify()
            standing.store(.verified, ordering: .releasing)
            return .verified
        } catch {
            standing.store(.failed, ordering: .releasing)
            throw error
        }
    }
}
