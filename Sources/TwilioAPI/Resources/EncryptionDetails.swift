import FoundationEssentials
import Support

/// The envelope of a voice recording, as its resource describes it.
///
/// Twilio's own texts spell it in three ways, and give it as an object in the REST resource but as a JSON string in
/// status callbacks. Each spelling is read in each form:
///
/// | documentation and callbacks | documentation's sample | OpenAPI examples |
/// |---|---|---|
/// | `type` | `type` | — |
/// | `public_key_sid` | `encryption_public_key_sid` | `encryption_public_key_sid` |
/// | `encrypted_cek` | `encryption_cek` | `encryption_cek` |
/// | `iv` | `iv` | `encryption_iv` |
public struct EncryptionDetails: Hashable, Sendable {
    /// The scheme; `rsa-aes` is the only one there is.
    ///
    /// Nil where the spelling leaves it out.
    public let type: String?

    /// The SID of the public key that wrapped the content encryption key, `CR…`; nil when it isn't told.
    public let publicKeySID: String?

    /// The wrapped content encryption key in base64; nil when it is missing, which makes the media unreadable.
    public let encryptedContentKey: String?

    /// The initialization vector (IV) in base64; nil when it is missing.
    public let initializationVector: String?

    /// Details that are there but make no sense: the media is encrypted, and can't be opened.
    static let unreadable = EncryptionDetails(
        type: nil, publicKeySID: nil, encryptedContentKey: nil, initializationVector: nil)
}

extension EncryptionDetails: Decodable {
    private enum Key: String, CodingKey {
        case type
        case publicKeySID = "public_key_sid"
        case encryptionPublicKeySID = "encryption_public_key_sid"
        case encryptedContentKey = "encrypted_cek"
        case encryptionContentKey = "encryption_cek"
        case initializationVector = "iv"
        case encryptionInitializationVector = "encryption_iv"
    }

    /// Reads an object, or a string that holds one.
    public init(from decoder: any Decoder) throws {
        if let text = try? decoder.singleValueContainer().decode(String.self) {
            self = try JSONDecoder().decode(Self.self, from: Data(text.utf8))
            return
        }
        let container = try decoder.container(keyedBy: Key.self)
        func first(_ keys: Key...) -> String? {
            for key in keys {
                if let value = container.lenientString(key) { return value }
            }
            return nil
        }
        type = first(.type).map { ForeignText($0).description }
        publicKeySID = first(.publicKeySID, .encryptionPublicKeySID).map { ForeignText($0).description }
        encryptedContentKey = first(.encryptedContentKey, .encryptionContentKey)
        initializationVector = first(.initializationVector, .encryptionInitializationVector)
    }
}
