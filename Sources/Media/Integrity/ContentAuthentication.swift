import Envelope
import Support
import Synchronization

/// Authenticates one file's content while its blocks come in, in whatever order, before they are released to readers.
///
/// Each block is hashed when it comes. The block that completes the content decides: it is released only when the tag
/// agrees. So no program that reads all of a forged file succeeds, although ranges are released before all of it has
/// been seen. A block that comes again, because it was evicted, must be the one that was hashed: its hash is kept and
/// compared.
final class ContentAuthentication: Sendable {
    /// Names one attempt at authenticating the content: what was fetched for an earlier one doesn't count.
    typealias Attempt = Int

    /// What a block that came has led to.
    enum Verdict {
        /// More has to come, or all was said before.
        case pending

        /// It was the last one, and the tag agrees.
        case verified

        /// It was fetched for an earlier attempt, and must not be released.
        case outdated
    }

    private struct State {
        var authenticator: GCMAuthenticator
        var fingerprints: [Int64: GCMAuthenticator.Fingerprint] = [:]
    }

    private enum Standing: UInt8, AtomicRepresentable {
        case unverified
        case verified
        case failed
    }

    /// As it was before any block came.
    private let untouched: GCMAuthenticator

    private let state: Locked<State>

    // Both change under the lock alone. Each read asks for them, and takes no lock for that.
    private let currentAttempt = Atomic<Attempt>(0)
    private let standing = Atomic(Standing.unverified)

    /// Begins with nothing seen.
    ///
    /// - Parameter tag: the last 16 bytes of the ciphertext, if they are known already.
    init(authenticator: GCMAuthenticator, tag: [UInt8]?, contentSize: Int64) throws(EnvelopeError) {
        var authenticator = authenticator
        if let tag { _ = try authenticator.absorb(tag.span.bytes, at: contentSize) }
        untouched = authenticator
        state = Locked(State(authenticator: authenticator))
        // Empty content is complete with its tag.
        try state.withLock { (state) throws(EnvelopeError) in _ = try decide(state) }
    }

    /// An authentication of the same content that has seen nothing.
    init(again other: ContentAuthentication) {
        untouched = other.untouched
        state = Locked(State(authenticator: other.untouched))
    }

    /// The attempt that goes on.
    var attempt: Attempt { currentAttempt.load(ordering: .acquiring) }

    /// The first bytes that haven't come, as ciphertext offsets; nil when all have.
    var firstMissingRange: Range<Int64>? { state.withLock { $0.authenticator.firstMissingRange } }

    /// Forgets everything that came, and the verdict.
    func begin() {
        state.withLock { state in
            state = State(authenticator: untouched)
            currentAttempt.wrappingAdd(1, ordering: .acquiringAndReleasing)
            standing.store(.unverified, ordering: .releasing)
        }
    }

    /// What is known so far.
    var integrity: Integrity {
        switch standing.load(ordering: .acquiring) {
        case .unverified: .unverified
        case .verified: .verified
        case .failed: .failed
        }
    }

    /// Takes in a block that has come.
    ///
    /// - Parameters:
    ///   - ciphertext: whole AES blocks, but at the content's end.
    ///   - offset: where they stand in the ciphertext. A range that comes again has to come in the same cut.
    ///   - attempt: the one for which they were fetched.
    /// - Throws: when the content is not what was sealed, now or at any call before: nothing must be released then.
    @discardableResult
    func absorb(_ ciphertext: RawSpan, at offset: Int64, attempt: Attempt) throws(EnvelopeError) -> Verdict {
        // Hashing is most of the work, and needs nothing of what changes: it is done outside of the lock.
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
