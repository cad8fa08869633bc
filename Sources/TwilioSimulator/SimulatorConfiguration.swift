public import Logging

/// Says what a simulator starts with.
public struct SimulatorConfiguration: Sendable {
    /// A public key of the account.
    public struct PublicKey: Sendable {
        /// Its SID, `CR…`.
        public var sid: String
        /// The key as PEM text.
        public var pem: String

        /// Makes a public key's description.
        public init(sid: String = "CR" + String(repeating: "0123456789abcdef", count: 2), pem: String) {
            self.sid = sid
            self.pem = pem
        }
    }

    /// The folder with `recordings`, `video-recordings` and `compositions`; nil for an account without any.
    public var mediaFolder: String?
    /// The public keys; the first seals what doesn't ask for another.
    public var publicKeys: [PublicKey]
    /// The account's name and keys.
    public var credentials = SimulatedCredentials()
    /// The accounts that belong to it.
    public var subaccounts: [SimulatedSubaccount] = []
    /// The API keys, and credentials of accounts, that reach a part of what these have.
    public var keys: [SimulatedKey] = []
    /// Whether both ports speak TLS.
    public var tls = false
    /// The API's port; 0 for a free one.
    public var apiPort = 0
    /// The media host's port; 0 for a free one.
    public var mediaPort = 0
    /// How many voice recordings of the main account exist without files.
    public var generatedRecordings = 0
    /// Which envelopes these list.
    public var generatedEnvelopes = GeneratedEnvelopes.shared
    /// The folder into which media is written as it is stored, for another server to serve; nil for none.
    public var exportFolder: String?
    /// The folder in which what is sealed is kept in a folder of its own; nil for the system's temporary one.
    public var temporaryFolder: String?
    /// The behaviour at the start.
    public var behaviour = Behaviour()
    /// Where the simulator tells of trouble.
    public var logger: Logger

    /// Makes a configuration with plain HTTP on free ports and Twilio's documented behaviour.
    public init(mediaFolder: String? = nil, publicKeys: [PublicKey] = [], logger: Logger? = nil) {
        self.mediaFolder = mediaFolder
        self.publicKeys = publicKeys
        var quiet = Logger(label: "twilio-simulator")
        quiet.logLevel = .critical
        self.logger = logger ?? quiet
    }
}
