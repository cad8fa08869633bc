import Media
import Support
public import TwilioAPI

/// Recordings that can't be read, for one reason.
public struct UnreadableRecordings: Hashable, Sendable {
    /// The missing key or credentials.
    public let requirement: MediaRequirement

    /// The kinds of recordings that can't be read without it.
    public let kinds: Set<MediaKind>

    /// Whether recordings of other kinds that require it can be read.
    public let isHeldForOthers: Bool

    /// How many completed recordings of these kinds require it.
    public let count: Int64

    /// Whether they were counted in complete lists; otherwise there may be more.
    public let isWhole: Bool

    /// Whether they are left out of the directories.
    public let isHidden: Bool
}

extension UnreadableRecordings {
    /// The sentence that reports them.
    public var sentence: String {
        let noun = isWhole ? count == 1 ? "recording" : "recordings" : "of the recordings listed so far"
        let recordings = "\(count) \(noun) \(count == 1 ? "is" : "are")"
        let fact =
            switch requirement {
            case .privateKey(let sid): "\(recordings) encrypted for \(sid), whose private key isn't held\(use)"
            case .unnamedKey:
                "\(recordings) encrypted for a public key that Twilio doesn't name, whose private key isn't held"
            case .bucket: "\(recordings) kept outside of Twilio, in a bucket of the account's owner, and can't be read"
            }
        return isHidden ? "\(fact); --hide-unreadable leaves \(count == 1 ? "it" : "them") out" : fact
    }

    /// For what the private key isn't held, where it is for something else.
    private var use: String {
        guard isHeldForOthers, let kind = MediaKind.allCases.first(where: kinds.contains) else { return "" }
        return " for \(kind.keyUseName)"
    }
}
