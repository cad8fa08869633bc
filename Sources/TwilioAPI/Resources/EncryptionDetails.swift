import FoundationEssentials
import Support

/// The envelope of a voice recording in its resource.
///
/// Twilio's documents name its fields in three ways. It is an object in the resource, but a JSON string in status
/// callbacks. All names are accepted in both forms:
///
/// | documentation and callbacks | documentation's sample | OpenAPI examples |
/// |---|---|---|
/// | `type` | `type` | — |
/// | `public_key_sid` | `encryption_public_key_sid` | `encryption_public_key_sid` |
/// | `encrypted_cek` | `encryption_cek` | `encryption_cek` |
/// | `iv` | `iv` | `encryption_iv` |
public struct EncryptionDetails: Hashable, Sendable {
    /// The scheme, always `rsa-aes`; nil when missing, as in the OpenAPI examples.
    public let type: String?
    /// The SID of the public key that wrapped the content encryption key, `CR…`; nil when missing.
    public let publicKeySID: String?
    /// The wrapped content encryption key in Base64; nil when missing, which makes the media unreadable.
    public let encryptedContentKey: String?
    /// The initialization vector (IV) in Base64; nil when missing.
    public let initializationVector: String?
    /// Malformed details: the media is encrypted and can't be opened.
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

    /// Reads an object or a string that contains one.
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
