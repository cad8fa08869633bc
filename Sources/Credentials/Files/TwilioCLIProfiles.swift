import FoundationEssentials
public import Support

/// The profiles in the configuration of Twilio's command line, `~/.twilio-cli/config.json`.
///
/// Versions before 3 kept the secrets of profiles in the system's key ring, and only their accounts in the file.
public struct TwilioCLIProfiles: Sendable {
    /// A profile: an account with an API key.
    public struct Profile: Sendable, Equatable {
        /// The name that the user gave it.
        public let name: String
        /// The account's SID.
        public let accountSID: String?
        /// The region of the account's data.
        public let region: String?
        /// The edge: the profile's, else the one of all profiles.
        public let edge: String?
        /// The SID of the API key.
        public let apiKey: String?
        /// The secret of the API key; nil if the file doesn't have it.
        public let apiSecret: String?
    }

    private let document: Document

    /// Reads the file's contents; nil if they aren't such a configuration.
    public init?(_ bytes: [UInt8]) {
        guard let document = try? JSONDecoder().decode(Document.self, from: Data(bytes)) else { return nil }
        self.document = document
    }

    /// The names of all profiles, sorted.
    public var names: [String] {
        (Array((document.profiles ?? [:]).keys) + (document.projects ?? []).compactMap(\.id)).sorted()
    }

    /// Finds the profile with a name.
    public subscript(name: String) -> Profile? {
        let name = Self.trimmed(name) ?? ""
        if let stored = document.profiles?[name] { return profile(name, stored) }
        return document.projects?.first { $0.id == name }.map { profile(name, $0) }
    }

    /// The profile that the command line uses where none is named; nil if there is none, or one has to be named.
    ///
    /// It is the one chosen by `twilio profiles:use`, else the first of those from before version 3.
    public var active: Profile? {
        // The user wants to name one in each command.
        guard document.requireProfileInput != true else { return nil }
        if let name = Self.trimmed(document.activeProject), let profile = self[name] { return profile }
        return document.projects?.first.flatMap { stored in stored.id.map { profile($0, stored) } }
    }

    private func profile(_ name: String, _ stored: Stored) -> Profile {
        Profile(
            name: name, accountSID: Self.trimmed(stored.accountSid), region: Self.trimmed(stored.region),
            edge: Self.trimmed(stored.edge) ?? Self.trimmed(document.edge), apiKey: Self.trimmed(stored.apiKey),
            apiSecret: Self.trimmed(stored.apiSecret))
    }

    /// A text without blanks around it; nil for an empty one.
    private static func trimmed(_ text: String?) -> String? {
        guard let text, let first = text.firstIndex(where: { !$0.isWhitespace }),
            let last = text.lastIndex(where: { !$0.isWhitespace })
        else { return nil }
        return String(text[first...last])
    }

    private struct Document: Decodable {
        let edge: String?
        /// The active profile, by the name that profiles had before.
        let activeProject: String?
        let requireProfileInput: Bool?
        let profiles: [String: Stored]?
        /// The profiles of versions before 3.
        let projects: [Stored]?
    }

    private struct Stored: Decodable {
        /// Only of the profiles of versions before 3.
        let id: String?
        let accountSid: String?
        let region: String?
        let edge: String?
        let apiKey: String?
        let apiSecret: String?
    }
}

extension TwilioCLIProfiles.Profile: Redacted {
    /// The name alone.
    public var description: String { name }
}
