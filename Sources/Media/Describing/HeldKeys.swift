import Envelope
import Support
import TwilioAPI

/// Looks for private keys that aren't held yet, replaces all keys if there are some, then tells whether it did.
public typealias KeySearch = @Sendable (@escaping @Sendable (_ hasFound: Bool) -> Void) -> Void

/// The private keys, which can be replaced, and what opening envelopes with them has taught.
///
/// Findings about former keys are dropped: each is noted with the generation of the keys that it is about. When a
/// private key is taken away, the content keys of open files stay, since such a file may need its own again.
final class HeldKeys: Sendable {
    /// The keys at one moment.
    struct Moment {
        let ring: KeyRing
        /// The number of replacements before.
        let generation: Int
    }

    private struct State {
        var ring: KeyRing
        var generation = 0
        /// The envelopes that proved public keys.
        var proven: [ProvenKey: EnvelopeMetadata] = [:]
        /// Content keys with which content doesn't begin as media does: another private key may be the right one.
        var rejected: [EnvelopeMetadata: [ContentEncryptionKey]] = [:]
        /// Content keys unwrapped lately.
        var contentKeys = ContentKeyCache()
        /// The public keys whose missing private key was logged.
        var missed: Set<String> = []
        var search: KeySearch?
    }

    private let state: Locked<State>

    init(_ ring: KeyRing) { state = Locked(State(ring: ring)) }

    /// The keys now.
    var now: Moment { state.withLock { Moment(ring: $0.ring, generation: $0.generation) } }

    /// Replaces the keys.
    ///
    /// - Parameter kept: The envelopes whose content keys are kept; nil for all.
    func replace(by ring: KeyRing, keepingContentKeysOf kept: Set<EnvelopeMetadata>?) {
        state.withLock { state in
            if let kept { state.contentKeys.keep(only: kept) }
            state.ring = ring
            state.generation += 1
            state.proven = [:]
            state.rejected = [:]
            state.missed = []
        }
    }

    /// Looks for private keys that aren't held yet; nil if there is no place for them.
    var search: KeySearch? { state.withLock { $0.search } }

    /// Has private keys looked for with a function.
    func look(with search: @escaping KeySearch) { state.withLock { $0.search = search } }

    /// A content key unwrapped lately; nil if it isn't cached.
    func contentKey(of metadata: EnvelopeMetadata) -> ContentEncryptionKey? {
        state.withLock { $0.contentKeys.key(of: metadata) }
    }

    /// Notes that keys have opened an envelope, unless they were replaced meanwhile.
    ///
    /// - Parameters:
    ///   - key: The envelope's content key.
    ///   - proven: The public key that the resource names, if any.
    func note(_ key: ContentEncryptionKey, of metadata: EnvelopeMetadata, proving proven: ProvenKey?, by keys: Moment) {
        state.withLock { state in
            guard state.generation == keys.generation else { return }
            state.contentKeys.insert(key, of: metadata)
            if let proven, state.proven[proven] == nil { state.proven[proven] = metadata }
        }
    }

    // MARK: Content keys that turned out to be wrong

    /// The most envelopes whose rejected content keys are remembered.
    private static let rejectedLimit = 100

    /// Notes that content doesn't begin as media does with a content key, and takes back what it has proved.
    func reject(_ key: ContentEncryptionKey, of metadata: EnvelopeMetadata) {
        state.withLock { state in
            state.contentKeys.remove(metadata)
            state.proven = state.proven.filter { $0.value != metadata }
            if state.rejected[metadata] == nil, state.rejected.count >= Self.rejectedLimit { state.rejected = [:] }
            state.rejected[metadata, default: []].append(key)
        }
    }

    /// The content keys of an envelope that were rejected.
    func rejectedKeys(of metadata: EnvelopeMetadata) -> [ContentEncryptionKey] {
        state.withLock { $0.rejected[metadata] ?? [] }
    }

    /// Forgets the rejected content keys of an envelope, since there is no other one: the content may be damaged.
    func forgetRejected(of metadata: EnvelopeMetadata) { state.withLock { $0.rejected[metadata] = nil } }

    /// Notes that the private key of a public key is missing; returns whether that is news.
    func noteMissing(_ publicKey: String) -> Bool { state.withLock { $0.missed.insert(publicKey).inserted } }

    /// Whether the private key of a public key is held for a use, without trying to open anything.
    ///
    /// - Returns: nil if a key that is held may be the one, but has opened no recording that names the public key.
    func isHeld(_ publicKeySID: String, for use: KeyRing.Use) -> Bool? {
        state.withLock { state in
            let isProven =
                state.proven[ProvenKey(publicKeySID: publicKeySID, use: use)] != nil
                || state.ring.allMayHold(publicKeySID: publicKeySID, use: use)
                    && KeyRing.Use.allCases.contains {
                        state.proven[ProvenKey(publicKeySID: publicKeySID, use: $0)] != nil
                    }
            if isProven { return true }
            return state.ring.mayHold(publicKeySID: publicKeySID, use: use) ? nil : false
        }
    }
}
