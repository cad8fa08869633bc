import Envelope
import Synchronization
import TwilioAPI

/// The check that content unwrapped with RSAES-PKCS1-v1_5 begins as media does, before any of it is released.
///
/// The padding at the content's end agrees by chance with one in 256 wrong content keys. If several private keys may be
/// tried, a wrong one may so hide the right one, and programs would read garbage.
final class BeginningCheck: Sendable {
    private let metadata: EnvelopeMetadata
    private let key: ContentEncryptionKey
    private let passed = Atomic(false)

    init(metadata: EnvelopeMetadata, key: ContentEncryptionKey) {
        self.metadata = metadata
        self.key = key
    }

    /// The plaintext range that is needed.
    static var range: Range<Int64> { 0..<Int64(MediaAnswerCheck.signatureSize) }

    /// Whether nothing was found out yet.
    var isOutstanding: Bool { !passed.load(ordering: .acquiring) }

    /// The reason that content with this beginning isn't media of a kind, as the end of a sentence; nil if it can be.
    func refusal(of beginning: UnsafeRawBufferPointer, kind: MediaKind) -> String? {
        if let reason = MediaAnswerCheck.refusal(ofPlaintext: beginning, kind: kind) { return reason }
        passed.store(true, ordering: .releasing)
        return nil
    }

    /// Has another private key tried from now on.
    func reject(in keys: HeldKeys) { keys.reject(key, of: metadata) }
}

/// Receives the first bytes of content, on which another read waits.
struct BeginningReceiver: ReadReceiver {
    let completion: @Sendable (MediaError?) -> Void

    func readDidFinish(_ plaintext: RawSpan) { completion(nil) }
    func readDidFail(_ error: MediaError) { completion(error) }
}
