import FoundationEssentials

/// The key or access needed to read a recording's media, besides the account's credentials.
public enum MediaRequirement: Hashable, Sendable {
    /// The private key of a public key, `CR…`.
    case privateKey(SID)
    /// The private key of a public key that the resource doesn't name.
    case unnamedKey
    /// Access to the customer's own bucket, which holds the media.
    case bucket

    /// The requirement as a word.
    public var name: String {
        switch self {
        case .privateKey(let sid): sid.description
        case .unnamedKey: "unnamed_key"
        case .bucket: "bucket"
        }
    }

    /// Reads a requirement's word.
    public init?(name: String) {
        switch name {
        case Self.unnamedKey.name: self = .unnamedKey
        case Self.bucket.name: self = .bucket
        default:
            guard let sid = SID(name, letters: .publicKey) else { return nil }
            self = .privateKey(sid)
        }
    }

    /// Derives the requirement from a resource's fields.
    ///
    /// - Parameters:
    ///   - location: The address of the media.
    ///   - publicKeySID: The public key of the media.
    ///   - isEncrypted: Whether the resource says that the media is encrypted.
    init?(location: String?, publicKeySID: String?, isEncrypted: Bool) {
        if let location, Self.isElsewhere(location) {
            self = .bucket
        } else if let publicKeySID, let sid = SID(publicKeySID, letters: .publicKey) {
            self = .privateKey(sid)
        } else if isEncrypted || publicKeySID?.isEmpty == false {
            self = .unnamedKey
        } else {
            return nil
        }
    }

    /// Whether an address isn't Twilio's; the path of Twilio's API makes it Twilio's on any host, such as a proxy.
    private static func isElsewhere(_ location: String) -> Bool {
        if location.hasPrefix("https://api.twilio.com/") { return false }
        guard let url = URL(string: location), let host = url.host()?.lowercased(), !host.isEmpty else { return false }
        if S3Host(host) != nil { return true }
        return host != "twilio.com" && !host.hasSuffix(".twilio.com") && !url.path().hasPrefix("/2010-04-01/Accounts/")
    }
}

extension MediaResource {
    /// The key or access needed to read the media, besides the account's credentials.
    public var requirement: MediaRequirement? {
        MediaRequirement(
            location: mediaLocation, publicKeySID: publicKeySID, isEncrypted: encryptionDetails != nil)
    }
}
