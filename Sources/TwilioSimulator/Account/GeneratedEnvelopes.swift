/// Says which envelopes the resources of generated recordings list.
public enum GeneratedEnvelopes: String, Sendable, Hashable, Codable, CaseIterable {
    /// A few content keys, wrapped once for all recordings that share them: the media can be decrypted.
    case shared
    /// A wrapped key and an IV of its own for each recording, made up: the media can't be decrypted, but the resources
    /// are as different from each other as real ones are, so that what stores them can't gain by finding them alike.
    case random
}
