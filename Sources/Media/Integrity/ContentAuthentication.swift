import Envelope
import Threading

/// Authenticates one file's content while its blocks come in, in whatever order, before they are released to readers.
///
/// Each block is hashed when it comes. The block that completes the content decides: it is released only when the tag
/// agrees. So no program that reads all of a forged file succeeds, although ranges are released before all of it has been
/// seen. A block that comes again, because it was evicted, must be the one that was hashed: its hash is kept and compared.
final class ContentAuthentication: Sendable {
    private struct State {
        var authenticator: GCMAuthenticator
        var fingerprints: [Int64: GCMAuthenticator.Fingerprint] = [:]
        var integrity = Integrity.unverified
    }

    private let state: Locked<State>

    /// Begins with nothing seen.
    ///
    /// - Parameter tag: the last 16 bytes of the ciphertext, if they are known already.
    init(authenticator: GCMAuthenticator, tag: [UInt8]?, contentSize: Int64) throws(EnvelopeError) {
        var authenticator = authenticator
        if let tag { _ = try authenticator.absorb(tag.span.bytes, at: contentSize) }
        state = Locked(State(authenticator: authenticator))
        // Empty content is complete with its tag.
        try state.withLock { (state) throws(EnvelopeError) in try Self.decide(&state) }
    }

    /// What is known so far.
    var integrity: Integrity { state.withLock { $0.integrity } }

    /// Takes in a block that has come.
    ///
    /// - Parameters:
    ///   - ciphertext: whole AES blocks, but at the content's end.
    ///   - offset: where they stand in the ciphertext. A range that comes again has to come in the same cut.
    /// - Throws: when the content is not what was sealed, now or at any call before: nothing must be released then.
    func absorb(_ ciphertext: RawSpan, at offset: Int64) throws(EnvelopeError) {
        try state.withLock { (state) throws(EnvelopeError) in
            guard state.integrity != .failed else {
                throw EnvelopeError(.authenticationFailed, "The content has failed its authentication before.")
            }
            let fingerprint = try state.authenticator.absorb(ciphertext, at: offset)
            guard state.fingerprints[offset] == nil || state.fingerprints[offset] == fingerprint else {
                state.integrity = .failed
                throw EnvelopeError(
                    .authenticationFailed, "The bytes at \(offset) differ from those that came from there before.")
            }
            state.fingerprints[offset] = fingerprint
            try Self.decide(&state)
        }
    }

    private static func decide(_ state: inout State) throws(EnvelopeError) {
        guard state.integrity == .unverified, state.authenticator.isComplete else { return }
        do throws(EnvelopeError) {
            try state.authenticator.verify()
            state.integrity = .verified
        } catch {
            state.integrity = .failed
            throw error
        }
    }
}
