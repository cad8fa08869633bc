import Media
public import TwilioAPI

/// The recordings that are unreadable for one reason.
public struct UnreadableRecordings: Hashable, Sendable {
    /// The missing key or credentials.
    public let requirement: MediaRequirement

    /// The kinds of the unreadable recordings.
    public let kinds: Set<MediaKind>

    /// Whether recordings of other kinds with this requirement are readable.
    public let isHeldForOthers: Bool

    /// The number of completed recordings of these kinds with this requirement.
    public let count: Int64

    /// Whether complete lists were counted; otherwise there may be more.
    public let isWhole: Bool

    /// Whether the directories hide them.
    public let isHidden: Bool

    /// The sentence that reports them.
    public var sentence: String {
        let noun = isWhole ? count == 1 ? "recording" : "recordings" : "of the recordings listed so far"
        let recordings = "\(count) \(noun) \(count == 1 ? "is" : "are")"
        let fact =
            switch requirement {
            case .privateKey(let sid): "\(recordings) encrypted for \(sid), whose private key isn't held\(use)"
            case .unnamedKey:
                "\(recordings) encrypted for a public key that Twilio doesn't name, whose private key isn't held"
            case .bucket:
                "\(recordings) kept outside of Twilio, in a bucket of the account's owner, and can't be read;"
                    + " the log has the reason"
            }
        return isHidden ? "\(fact); --hide-unreadable leaves \(count == 1 ? "it" : "them") out" : fact
    }

    /// The kind for which the private key isn't held, if it is held for another.
    private var use: String {
        guard isHeldForOthers, let kind = MediaKind.allCases.first(where: kinds.contains) else { return "" }
        return " for \(kind.keyUseName)"
    }
}
