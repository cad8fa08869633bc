import Support

/// Tells where a resource's media came from, for whoever compares what was served with it.
public struct ManifestEntry: Sendable, Hashable, Codable {
    /// The kind of resource.
    public let kind: MediaKind
    /// The file's name.
    public let name: String
    /// The file's path.
    public let path: String
    /// SHA-256 of the plaintext, hexadecimal.
    public let sha256: String
    /// The plaintext's size in bytes.
    public let size: Int
    /// Whether the media is served sealed.
    public let encrypted: Bool
}

extension SimulatedAccount {
    /// The resources with media of a file, by SID.
    ///
    /// Generated ones are not among them.
    var manifest: [String: ManifestEntry] {
        var result: [String: ManifestEntry] = [:]
        for resource in state.withLock({ $0.stored }) {
            guard let media = resource.media, let digests = media.digests, case .file(let path) = media.content else {
                continue
            }
            result[resource.sid] = ManifestEntry(
                kind: resource.kind, name: resource.name, path: path, sha256: hexadecimal(digests.sha256),
                size: media.size, encrypted: media.seal != nil)
        }
        return result
    }
}
