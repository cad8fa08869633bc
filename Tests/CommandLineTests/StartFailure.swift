import Testing
import TwilioSimulator

@testable import twiliofs

/// A start that fails: what is wrong, the exit status, and what the message has to name.
struct StartFailure: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let status: FailureStatus
    let words: [String]
    var variables: [String: String] = [:]
    var options: [String] = []
    var key: [String] = ["--key", "$KEYS/pkcs8.pem"]
    var mountPoint = "$MNT"

    init(_ description: String, _ status: FailureStatus, naming words: [String]) {
        testDescription = description
        self.status = status
        self.words = words
    }

    func with(_ change: (inout StartFailure) -> Void) -> StartFailure {
        var copy = self
        change(&copy)
        return copy
    }

    static let all = credentials + oauth + mounting

    /// The options of the simulated OAuth client.
    static func oauthOptions(_ file: String, url: String = "$API/v2/token") -> [String] {
        ["--client-id", SimulatedCredentials().clientID, "--client-secret-file", file, "--oauth-url", url]
    }

    private static let oauth: [StartFailure] = [
        StartFailure(
            "wrong secret of the OAuth client", .credentials,
            naming: ["refuses the credentials", "OQ0123", "invalid_client", "--client-secret-file"]
        ).with { $0.options = oauthOptions("$TMP/wrong") },
        StartFailure("no OAuth service", .unreachable, naming: ["can't be reached", "127.0.0.1:1"]).with {
            $0.options = oauthOptions("$TMP/wrong", url: "http://127.0.0.1:1/v2/token")
        },
        StartFailure("OAuth over plain http", .configuration, naming: ["OAuth address", "http://example.com"]).with {
            $0.options = oauthOptions("$TMP/wrong", url: "http://example.com/v2/token")
        },
        StartFailure("an OAuth client without its secret", .credentials, naming: ["--client-secret-file"]).with {
            $0.options = ["--client-id", "OQ1"]
        },
        StartFailure("an OAuth client and an API key", .configuration, naming: ["--client-id", "API key"]).with {
            $0.options = oauthOptions("$TMP/wrong") + ["--api-key", "SK0123456789abcdef0123456789abcdef"]
        },
    ]

    private static let credentials: [StartFailure] = [
        StartFailure("wrong auth token", .credentials, naming: ["refuses the credentials", "check"]).with {
            $0.variables["TWILIO_AUTH_TOKEN"] = "wrong-token-of-mine"
        },
        StartFailure("missing key file", .privateKey, naming: ["/nothing.pem", "No such file"]).with {
            $0.key = ["--key", "/nothing.pem"]
        },
        StartFailure("no key", .privateKey, naming: ["--key", "--no-key"]).with { $0.key = [] },
        StartFailure("a key and none", .configuration, naming: ["--key", "--no-key"]).with {
            $0.options = ["--no-key"]
        },
        StartFailure("bad PEM", .privateKey, naming: ["$TMP/bad.pem"]).with { $0.key = ["--key", "$TMP/bad.pem"] },
        StartFailure("a public key", .privateKey, naming: ["public.pem"]).with {
            $0.key = ["--key", "$KEYS/public.pem"]
        },
        StartFailure("wrong passphrase", .passphrase, naming: ["encryptedPKCS8.pem", "passphrase"]).with {
            $0.key = ["--key", "$KEYS/encryptedPKCS8.pem", "--key-passphrase-file", "$TMP/wrong"]
        },
        StartFailure("no passphrase", .passphrase, naming: ["encryptedPKCS8.pem", "--key-passphrase-file"]).with {
            $0.key = ["--key", "$KEYS/encryptedPKCS8.pem"]
        },
        StartFailure("a folder as key", .privateKey, naming: ["$TMP", "is a directory"]).with {
            $0.key = ["--key", "$TMP"]
        },
        StartFailure("a device as key", .privateKey, naming: ["/dev/zero", "neither"]).with {
            $0.key = ["--key", "/dev/zero"]
        },
        StartFailure("a key that others can read", .privateKey, naming: ["chmod 600 $TMP/readable.pem"]).with {
            $0.key = ["--key", "$TMP/readable.pem", "--strict-permissions"]
        },
        StartFailure("a folder as token file", .credentials, naming: ["$TMP", "is a directory"]).with {
            $0.options = ["--auth-token-file", "$TMP"]
        },
        StartFailure("an address that is none", .configuration, naming: ["API address", "ftp://x"]).with {
            $0.variables["TWILIOFS_API_URL"] = "ftp://x"
        },
        StartFailure("an address over plain http", .configuration, naming: ["API address", "http://example.com"]).with {
            $0.variables["TWILIOFS_API_URL"] = "http://example.com"
        },
        StartFailure(
            "a host without an address", .unreachable, naming: ["can't be reached", "nothing.invalid", "name server"]
        ).with {
            $0.variables["TWILIOFS_API_URL"] = "https://nothing.invalid"
        },
        StartFailure("a proxy without an address", .unreachable, naming: ["can't be reached", "HTTPS_PROXY"]).with {
            $0.variables["TWILIOFS_API_URL"] = "https://nothing.invalid"
            $0.variables["HTTPS_PROXY"] = "http://no-proxy.invalid:3128"
        },
    ]

    private static let mounting: [StartFailure] = [
        StartFailure("no mount point", .mountPoint, naming: ["$TMP/absent", "mkdir"]).with {
            $0.mountPoint = "$TMP/absent"
        },
        StartFailure("a file as mount point", .mountPoint, naming: ["not a directory"]).with {
            $0.mountPoint = "$TMP/bad.pem"
        },
        StartFailure("a mount point with contents", .mountPoint, naming: ["not empty", "nonempty"]).with {
            $0.mountPoint = "$TMP"
        },
        StartFailure("a busy mount point", .mountPoint, naming: ["/proc", "busy"]).with { $0.mountPoint = "/proc" },
        StartFailure("a mount point that steers terminals", .mountPoint, naming: ["[2Jabsent"]).with {
            $0.mountPoint = "$TMP/\u{1B}[2Jabsent\r\u{9B}"
        },
        StartFailure("nothing listens", .unreachable, naming: ["can't be reached", "127.0.0.1"]).with {
            $0.variables["TWILIOFS_API_URL"] = "http://127.0.0.1:1"
        },
        StartFailure("a bad account SID", .credentials, naming: ["AC123", "account SID"]).with {
            $0.variables["TWILIO_ACCOUNT_SID"] = "AC123"
        },
        StartFailure("no account SID", .credentials, naming: ["--account-sid", "TWILIO_ACCOUNT_SID"]).with {
            $0.variables["TWILIO_ACCOUNT_SID"] = ""
        },
        StartFailure("another account", .credentials, naming: ["check", "account"]).with {
            $0.variables["TWILIO_ACCOUNT_SID"] = "AC" + String(repeating: "9", count: 32)
        },
        StartFailure("no secret", .credentials, naming: ["--auth-token-file", "TWILIO_AUTH_TOKEN"]).with {
            $0.variables["TWILIO_AUTH_TOKEN"] = ""
        },
        StartFailure("an API key without its secret", .credentials, naming: ["--api-secret-file"]).with {
            $0.options = ["--api-key", "SK0123456789abcdef0123456789abcdef"]
        },
        StartFailure("a bad API key", .credentials, naming: ["SK1"]).with { $0.options = ["--api-key", "SK1"] },
        StartFailure("a missing token file", .credentials, naming: ["/no-token", "No such file"]).with {
            $0.options = ["--auth-token-file", "/no-token"]
        },
        StartFailure("an empty token file", .credentials, naming: ["$TMP/empty", "empty"]).with {
            $0.options = ["--auth-token-file", "$TMP/empty"]
        },
        StartFailure("a token and an API key", .configuration, naming: ["--auth-token-file", "--api-key"]).with {
            $0.options = ["--auth-token-file", "$TMP/wrong", "--api-key", "SK0123456789abcdef0123456789abcdef"]
        },
        StartFailure("a signing key without an API key", .configuration, naming: ["--signing-key", "--api-key"]).with {
            $0.options = ["--signing-key", "CR0123456789abcdef0123456789abcdef=$KEYS/pkcs8.pem"]
        },
        StartFailure("a signing key without a SID", .privateKey, naming: ["--signing-key CR…=$KEYS/pkcs8.pem"]).with {
            $0.options = ["--signing-key", "$KEYS/pkcs8.pem"]
        },
        StartFailure("a public key that signs", .privateKey, naming: ["signing key", "public.pem", "PUBLIC KEY"]).with {
            $0.options = ["--signing-key", "CR0123456789abcdef0123456789abcdef=$KEYS/public.pem"]
        },
        StartFailure("an encrypted signing key", .passphrase, naming: ["signing key", "--key-passphrase-file"]).with {
            $0.options = ["--signing-key", "CR0123456789abcdef0123456789abcdef=$KEYS/encryptedPKCS8.pem"]
        },
        StartFailure("a bad region", .configuration, naming: ["xx9", "edge"]).with {
            $0.options = ["--region", "xx9"]
            $0.variables["TWILIOFS_API_URL"] = ""
        },
        StartFailure("nothing between two days", .configuration, naming: ["--since", "--until"]).with {
            $0.options = ["--since", "2026-02-01", "--until", "2026-01-01"]
        },
        StartFailure("credentials of subaccounts that aren't mounted", .configuration, naming: ["--subaccounts"]).with {
            $0.options = ["--subaccount-credentials", "$TMP/wrong"]
        },
        StartFailure("too little memory", .configuration, naming: ["--memory"]).with {
            $0.options = ["--memory", "1M"]
        },
        StartFailure("a writable mount", .configuration, naming: ["rw"]).with { $0.options = ["-o", "rw"] },
        StartFailure("a mount that runs programs", .configuration, naming: ["-o exec", "noexec"]).with {
            $0.options = ["-o", "ro,exec"]
        },
        StartFailure("a mask that is no mask", .configuration, naming: ["--umask 9", "octal"]).with {
            $0.options = ["--umask", "9"]
        },
        StartFailure("an option that FUSE doesn't know", .configuration, naming: ["nonsense"]).with {
            $0.options = ["-o", "nonsense"]
        },
        StartFailure("a missing authority file", .configuration, naming: ["/no-ca.pem", "--ca-file"]).with {
            $0.options = ["--ca-file", "/no-ca.pem"]
        },
        StartFailure("a cache folder below a file", .cache, naming: ["$TMP/bad.pem", "Not a directory"]).with {
            $0.options = ["--cache-dir", "$TMP/bad.pem/cache"]
        },
        StartFailure(
            "a cache folder that can't be made", .cache, naming: ["/proc/cache", "No such file", "--cache-dir"]
        ).with {
            $0.options = ["--cache-dir", "/proc/cache"]
        },
    ]
}
