import Foundation
import Glibc
import TestSupport
import Testing
import TwilioSimulator

/// An account that is mounted in the background with one form of credentials, all of whose secrets are known.
struct SecretMount {
    /// Where the credentials come from.
    enum Form: CaseIterable {
        /// The auth token in a file.
        case authToken
        /// The secret of an API key in a file.
        case apiKey
        /// Auth token and API key in the environment.
        case variables
        /// The secret of an OAuth client in a file.
        case client
        /// That in the environment.
        case clientVariables
        /// An API key whose requests are signed.
        case signed
        /// A profile of the Twilio CLI.
        case profile
        /// Files for video and for a subaccount, beside the auth token in the environment.
        case lists
        /// Media in a bucket, with a profile of the AWS tools; another key of AWS is in the environment.
        case bucket

        /// Whether a file has the credentials, which can be replaced.
        var hasFiles: Bool { self != .variables && self != .clientVariables }
    }

    private static let subaccount = "own"

    let form: Form
    let account: SimulatedAccount
    let mount: BackgroundMount
    private let server: BucketServer?
    private let folder: TemporaryFolder
    private let options: [String]
    private let environment: [String: String]

    init(_ form: Form) throws {
        self.form = form
        let folder = try TemporaryFolder()
        self.folder = folder
        let configure = { (configuration: inout SimulatorConfiguration) throws -> Void in
            configuration.credentials.authToken = Self.secret("token", 0)
            configuration.credentials.apiSecret = Self.secret("key", 0)
            configuration.credentials.clientSecret = Self.secret("client", 0)
            if form == .signed { configuration.behaviour.clientValidation = .enforced }
            guard form == .lists else { return }
            for file in ["recordings/a.wav", "video-recordings/a.mka", "compositions/a.mp4"] {
                try folder.file("media/\(file)", TestMedia.noise(50_000, seed: 11))
            }
            configuration.subaccounts = [
                try SimulatedSubaccount(
                    name: Self.subaccount, authToken: Self.secret("subaccount", 0), mediaFolder: folder.path("media"))
            ]
        }
        let bucket = form == .bucket ? try BucketAccount(media: TestMedia.small, configure: configure) : nil
        server = bucket?.server
        account = try bucket?.account ?? SimulatedAccount(media: TestMedia.small, configure: configure)
        let (words, variables) = try Self.settings(form, account, bucket, folder)
        let key = try KeyPair.shared
        options =
            words + [
                "--key", key.privateKey(.encryptedPKCS8), "--key-passphrase-file", key.passphraseFile, "--no-probing",
                "--log-level", "trace",
            ]
        environment = variables
        try Self.writeFiles(0, of: account, in: folder)
        try server?.session.writeProfile(in: folder)
        mount = try BackgroundMount(account, options: options, environment: environment)
    }

    /// A secret of the first, the second or the third time, with characters that URLs, forms and JSON write otherwise.
    private static func secret(_ name: String, _ time: Int) -> String { "\(name)/7e5a+\(time)=c05e&7b%" }

    private static func settings(
        _ form: Form, _ account: SimulatedAccount, _ bucket: BucketAccount?, _ folder: TemporaryFolder
    ) throws -> (options: [String], environment: [String: String]) {
        let credentials = account.simulator.credentials
        let keyOptions = ["--api-key", credentials.apiKey, "--api-secret-file", folder.path("key")]
        let noToken = ["TWILIO_AUTH_TOKEN": ""]
        switch form {
        case .authToken: return (["--auth-token-file", folder.path("token")], noToken)
        case .apiKey: return (keyOptions, noToken)
        case .variables:
            return ([], ["TWILIO_API_KEY": credentials.apiKey, "TWILIO_API_SECRET": credentials.apiSecret])
        case .client:
            let url = account.simulator.apiURL + "/v2/token"
            return (
                [
                    "--client-id", credentials.clientID, "--client-secret-file", folder.path("client"), "--oauth-url",
                    url,
                ], noToken
            )
        case .clientVariables: return ([], MountedAccount.oauthEnvironment(account))
        case .signed:
            let key = "\(account.simulator.publicKeySID ?? "")=\(try KeyPair.shared.privateKey(.encryptedPKCS8))"
            return (keyOptions + ["--signing-key", key], noToken)
        case .profile: return (["--profile", "live"], noToken.merging(["HOME": folder.url.path]) { $1 })
        case .lists:
            return (
                [
                    "--subaccounts", "--video-credentials", folder.path("video"), "--subaccount-credentials",
                    folder.path("subaccounts"),
                ], [:]
            )
        case .bucket:
            guard let bucket else { throw CommandError("there is no bucket") }
            let variables = try bucket.server.reader.environment.merging([
                "AWS_SESSION_TOKEN": Self.secret("session", 0), "AWS_SHARED_CREDENTIALS_FILE": folder.path("aws"),
            ]) { $1 }
            return (bucket.options + ["--aws-profile", "recordings"], variables)
        }
    }

    /// Writes the secrets of a time into all files.
    private static func writeFiles(_ time: Int, of account: SimulatedAccount, in folder: TemporaryFolder) throws {
        let credentials = account.simulator.credentials
        let profile = [
            "accountSid": credentials.accountSID, "apiKey": credentials.apiKey, "apiSecret": secret("key", time),
        ]
        let profiles = try JSONEncoder().encode(["profiles": ["live": profile]])
        var files = [
            "token": secret("token", time), "key": secret("key", time), "client": secret("client", time),
            "video": "\(credentials.accountSID) \(credentials.apiKey) \(secret("key", time))",
            ".twilio-cli/config.json": String(decoding: profiles, as: UTF8.self),
        ]
        for subaccount in account.simulator.subaccounts {
            files["subaccounts"] = "\(subaccount.sid) \(secret("subaccount", time))"
        }
        for (name, text) in files { try folder.secretFile(name, text + "\n") }
    }

    /// Has Twilio, or the bucket, accept the secrets of another time alone.
    private func replaceAtServers(_ time: Int) throws {
        // What comes from the environment can't be replaced in a mount.
        let isToken = form != .lists && form != .bucket
        try account.simulator.replaceSecrets(
            authToken: isToken ? Self.secret("token", time) : nil, apiSecret: Self.secret("key", time),
            clientSecret: Self.secret("client", time))
        for subaccount in account.simulator.subaccounts {
            try account.simulator.replaceSecrets(authToken: Self.secret("subaccount", time), account: subaccount.sid)
        }
        account.simulator.endTokens()
        if let server { try server.expire(time == 1 ? server.session : server.laterSession) }
    }

    /// Replaces the credentials, so that the mount goes on with others.
    func rotate() throws {
        try replaceAtServers(1)
        try Self.writeFiles(1, of: account, in: folder)
        try server?.laterSession.writeProfile(in: folder)
        mount.send(SIGHUP)
        try wait(until: "the new credentials are read") { mount.log.contains("was read again and has changed") }
    }

    /// Has the credentials refused, by credentials that the mount doesn't get.
    func refuse() throws { try replaceAtServers(form.hasFiles ? 2 : 1) }

    /// Reads all files of a kind.
    ///
    /// - Returns: Whether all could be read.
    func reads(_ kind: MediaKind) throws -> Bool {
        let script = #"find . -path "*/$0s/*" -type f -exec cat {} + >/dev/null"#
        return try Command.run(["sh", "-c", script, kind.rawValue], directory: mount.path).end == .exited(0)
    }

    /// All secrets that were used so far.
    var secrets: [String] {
        get throws {
            let times = ["token", "key", "client", "subaccount", "session"].flatMap { name in
                (0...2).map { Self.secret(name, $0) }
            }
            let tokens = account.simulator.givenOutTokens
            // The third part of a token alone makes it one: the signature.
            let signatures = (account.requests.compactMap(\.validationToken) + tokens).compactMap { token in
                token.split(separator: ".").last.map(String.init)
            }
            let keys = try [server?.reader, server?.session, server?.laterSession].compactMap(\.self)
            return try times + signatures + tokens + keys.flatMap { [$0.secret, $0.token].compactMap(\.self) }
                + [KeyPair.passphrase, KeyPair.shared.privatePEM]
        }
    }

    /// Mounts once more with the same files and variables.
    func mountAgain() throws -> CommandResult {
        let path = try folder.folder("again")
        defer { umount2(path, 2 /* MNT_DETACH */) }
        return try Command.run(
            [BuiltPrograms.twiliofs, "mount", "--cache-dir", mount.folder.path("cache"), "--log-file"]
                + [mount.folder.path("log")] + options + [path],
            adding: MountedAccount.environment(account).merging(environment) { $1 }, startsSession: true)
    }
}

extension BucketServer.Key {
    /// Writes the file of the AWS tools, with this key as the only profile.
    fileprivate func writeProfile(in folder: TemporaryFolder) throws {
        try folder.secretFile("aws", section(profile: "recordings"))
    }
}
