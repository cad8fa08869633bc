import Foundation
import Glibc
import TestSupport
import Testing
import TwilioSimulator

/// An account with a mount whose credentials are in files.
struct Rotation {
    /// Where the credential is that is replaced.
    enum Form: CaseIterable {
        case token
        case secret
        case profile
        case client
        case video
    }

    static let oldSecrets = ["old-token-7e5a1c", "old-secret-93b0d2", "old-client-5d20ce"]
    static let newSecrets = ["new-token-41f6aa", "new-secret-c05e7b", "new-client-e83b19"]

    let form: Form
    let account: SimulatedAccount
    let folder: TemporaryFolder
    let mount: MountedAccount

    init(
        _ form: Form, media: URL? = nil, keys: [String]? = nil, options: [String] = [],
        configure: (inout SimulatorConfiguration) throws -> Void = { _ in }
    ) throws {
        self.form = form
        account = try SimulatedAccount(media: media ?? TestMedia.small) { configuration in
            configuration.credentials.authToken = Self.oldSecrets[0]
            configuration.credentials.apiSecret = Self.oldSecrets[1]
            configuration.credentials.clientSecret = Self.oldSecrets[2]
            try configure(&configuration)
        }
        let credentials = account.simulator.credentials
        folder = try TemporaryFolder()
        var words: [String]
        var variables = ["TWILIO_AUTH_TOKEN": "", "HOME": folder.url.path]
        switch form {
        case .token: words = ["--auth-token-file", folder.path("token")]
        case .secret: words = ["--api-key", credentials.apiKey, "--api-secret-file", folder.path("secret")]
        case .profile: words = ["--profile", "live"]
        case .client:
            words = [
                "--client-id", credentials.clientID, "--client-secret-file", folder.path("client"),
                "--oauth-url", account.simulator.apiURL + "/v2/token",
            ]
        case .video:
            // The API key, which stays, reaches the rest.
            words = ["--video-credentials", folder.path("video")]
            variables["TWILIO_API_KEY"] = credentials.apiKey
            variables["TWILIO_API_SECRET"] = credentials.apiSecret
        }
        words += options
        try Self.write(Self.oldSecrets, of: credentials, into: folder)
        mount = try MountedAccount(
            account, keys: keys, options: words, cacheFolder: folder.path("cache"), environment: variables)
    }

    /// Writes all files.
    private static func write(
        _ secrets: [String], of credentials: SimulatedCredentials, into folder: TemporaryFolder
    ) throws {
        let profile = """
            {"profiles":{"live":{"accountSid":"\(credentials.accountSID)","apiKey":"\(credentials.apiKey)",\
            "apiSecret":"\(secrets[1])"}},"activeProject":"live"}
            """
        let files = [
            "token": secrets[0], "secret": secrets[1], "client": secrets[2],
            "video": "\(credentials.accountSID) \(secrets[0])",
            ".twilio-cli/config.json": profile,
        ]
        for (name, text) in files { try folder.secretFile(name, text + "\n") }
    }

    /// Has Twilio accept the new secrets alone, from the next request on.
    func replaceAtTwilio() throws {
        // Of the two secrets, that of the form: the rest of a mount for video alone goes on with the other.
        try account.simulator.replaceSecrets(
            authToken: Self.newSecrets[0], apiSecret: form == .video ? nil : Self.newSecrets[1],
            clientSecret: Self.newSecrets[2])
        account.simulator.endTokens()
    }

    /// Writes the new secrets into the files.
    func replaceFiles() throws {
        try Self.write(Self.newSecrets, of: account.simulator.credentials, into: folder)
    }

    /// How often the log tells that a file was read and had something else.
    var changes: Int { mount.log.split(separator: "\n").count { $0.contains("was read again and has changed") } }
}

@Suite("Credentials and keys that are replaced while a mount is used", .orderly, .needsFUSE)
struct RotationTests {
    /// The checksum of a file; nil when it can't be read.
    private func checksum(_ name: String, _ rotation: Rotation) throws -> String? {
        try rotation.mount.checksum(of: rotation.account.original(name))
    }

    @Test(
        "A file with a credential is read again on SIGHUP, and no request is refused", arguments: Rotation.Form.allCases
    )
    func signal(_ form: Rotation.Form) throws {
        let rotation = try Rotation(form)
        #expect(try checksum("one.mka", rotation) == rotation.account.original("one.mka").file.sha256)
        try rotation.replaceFiles()
        rotation.mount.process.send(SIGHUP)
        #expect(rotation.mount.hasLogged("was read again and has changed"))
        try rotation.replaceAtTwilio()
        rotation.account.clearRequests()
        #expect(try checksum("long.mkv", rotation) == rotation.account.original("long.mkv").file.sha256)
        #expect(try checksum("long.wav", rotation) == rotation.account.original("long.wav").file.sha256)
        // A token of the former secret's is refused, whatever the file has.
        #expect(form == .client || rotation.account.requests.allSatisfy { $0.status != 401 })
        #expect(rotation.changes == 1)
    }

    @Test("After a refusal, a newer file is read without a signal, once", arguments: Rotation.Form.allCases)
    func refusal(_ form: Rotation.Form) throws {
        let rotation = try Rotation(form)
        try rotation.replaceAtTwilio()
        try rotation.replaceFiles()
        #expect(try checksum("long.mkv", rotation) == rotation.account.original("long.mkv").file.sha256)
        #expect(try checksum("long.wav", rotation) == rotation.account.original("long.wav").file.sha256)
        #expect(rotation.account.requests.contains { $0.status == 401 })
        #expect(eventually { rotation.changes == 1 }, "\(rotation.mount.log)")
        rotation.account.clearRequests()
        #expect(try checksum("blocks.mp4", rotation) == rotation.account.original("blocks.mp4").file.sha256)
        #expect(rotation.account.requests.allSatisfy { $0.status != 401 })
    }

    @Test("A key that may read no media any more (403) is replaced by that in its file, as one that isn't known is")
    func forbidden() throws {
        // Lists that are complete, and aren't requested again, so that only media finds the refusal.
        let rotation = try Rotation(.secret, options: ["--no-probing", "--refresh", "0"])
        let lists = ["recordings", "video-recordings"].map { "\(rotation.mount.path)/\($0)" }
        #expect(try Command.run(["ls"] + lists).end == .exited(0))
        let credentials = rotation.account.simulator.credentials
        let other = "SK" + String(repeating: "7", count: 32)
        rotation.account.simulator.keys = [
            try SimulatedKey(sid: credentials.apiKey, kinds: [], status: 403),
            try SimulatedKey(sid: other, secret: "other-secret"),
        ]
        rotation.account.clearRequests()
        #expect(try checksum("long.mkv", rotation) == nil)
        try rotation.folder.secretFile("secret", "\(other) other-secret\n")
        #expect(try checksum("long.mkv", rotation) == rotation.account.original("long.mkv").file.sha256)
        #expect(try checksum("long.wav", rotation) == rotation.account.original("long.wav").file.sha256)
        #expect(rotation.account.requests.contains { $0.status == 403 })
    }

    @Test("A refused credential whose file hasn't changed stays refused, and reads go on once it has")
    func late() throws {
        let rotation = try Rotation(.token)
        try rotation.replaceAtTwilio()
        #expect(try checksum("long.wav", rotation) == nil)
        try rotation.replaceFiles()
        #expect(try checksum("long.wav", rotation) == rotation.account.original("long.wav").file.sha256)
    }

    @Test(
        "A list that was refused meanwhile is there again as soon as the new token is read, with a signal and without",
        arguments: [true, false])
    func refusedList(signals: Bool) throws {
        let rotation = try Rotation(.token, options: ["--refresh", "5", "--no-probing"])
        let list = ["ls", rotation.mount.path + "/recordings"]
        try rotation.replaceAtTwilio()
        try wait(until: "the list is refused") { try Command.run(list).errorText.contains("Permission denied") }
        rotation.account.clearRequests()
        let start = ContinuousClock.now
        for _ in 1...20 { #expect(try Command.run(list).errorText.contains("Permission denied")) }
        let refreshes = 1 + Int((ContinuousClock.now - start).components.seconds) / 5
        #expect(rotation.account.requests.count { $0.path.hasSuffix("/Recordings.json") } <= refreshes)
        try rotation.replaceFiles()
        if signals {
            rotation.mount.process.send(SIGHUP)
            #expect(rotation.mount.hasLogged("was read again and has changed"))
        }
        #expect(try Command.run(list).end == .exited(0))
        #expect(try checksum("long.wav", rotation) == rotation.account.original("long.wav").file.sha256)
    }

    @Test("A token that is replaced in the middle of a long read doesn't end it")
    func duringRead() throws {
        let media = try TemporaryFolder()
        try media.file("recordings/large.wav", TestMedia.noise(96_000_000, seed: 5))
        let rotation = try Rotation(.token, media: media.url, options: ["--integrity", "deferred"]) {
            $0.behaviour.bytesPerSecond = 4_000_000
        }
        let original = try rotation.account.original("large.wav")
        let reading = try RunningCommand(["sha256sum", rotation.mount.path(of: original)])
        try wait(until: "the file is being read") {
            rotation.account.mediaRequests.contains { $0.status == 206 && $0.bodyBytes > 1_000_000 }
        }
        try rotation.replaceAtTwilio()
        try rotation.replaceFiles()
        let result = try reading.wait()
        #expect(result.end == .exited(0), "\(result.errorText) \(rotation.mount.log)")
        #expect(result.text.hasPrefix(original.file.sha256))
        #expect(rotation.account.requests.contains { $0.status == 401 })
    }

    @Test("A token that is replaced in the middle of a list doesn't end that")
    func duringList() throws {
        let rotation = try Rotation(.token, keys: [], options: ["--no-probing"]) {
            $0.generatedRecordings = 5000
            $0.behaviour.pageSizeLimit = 50
            $0.behaviour.latencyMilliseconds = 60
        }
        let listing = try RunningCommand(["sh", "-c", "ls recordings | wc -l"], directory: rotation.mount.path)
        try wait(until: "some pages have come") {
            rotation.account.requests.count { $0.path.hasSuffix("/Recordings.json") } > 10
        }
        #expect(listing.isRunning)
        try rotation.replaceAtTwilio()
        try rotation.replaceFiles()
        let result = try listing.wait()
        let expected = try 5000 + rotation.account.originals().values.count { $0.kind == .recording }
        #expect(result.lines == ["\(expected)"], "\(result.errorText) \(rotation.mount.log)")
        #expect(rotation.account.requests.contains { $0.status == 401 })
    }

    @Test(
        "A file that is empty, gone or wrong leaves the credential, and is told of in one line",
        arguments: Rotation.Form.allCases)
    func wrongFile(_ form: Rotation.Form) throws {
        let rotation = try Rotation(form)
        let name =
            switch form {
            case .token: "token"
            case .secret: "secret"
            case .profile: ".twilio-cli/config.json"
            case .client: "client"
            case .video: "video"
            }
        let path = rotation.folder.path(name)
        try Command.shell(#": >"$1""#, path)
        for count in 1...2 {
            rotation.mount.process.send(SIGHUP)
            #expect(
                eventually {
                    rotation.mount.log.split(separator: "\n").count {
                        $0.contains("error:") && $0.contains("stays as it was") && $0.contains(path)
                    } == count
                }, "\(rotation.mount.log)")
            unlink(path)
        }
        for name in ["long.mkv", "long.wav"] {
            #expect(try checksum(name, rotation) == rotation.account.original(name).file.sha256)
        }
        try rotation.replaceAtTwilio()
        try rotation.replaceFiles()
        #expect(try checksum("blocks.mp4", rotation) == rotation.account.original("blocks.mp4").file.sha256)
    }

    /// A mount with a key file of the test's own.
    private struct KeyRotation {
        let account: SimulatedAccount
        let folder: TemporaryFolder
        let mount: MountedAccount

        init(_ key: KeyPair, media: URL? = nil, options: [String] = []) throws {
            account = try SimulatedAccount(media: media ?? TestMedia.small) {
                // Then only a key tells the size of what has padding.
                $0.behaviour.sendsUnencryptedLength = false
            }
            folder = try TemporaryFolder()
            try Self.write(key, into: folder)
            mount = try MountedAccount(account, keys: [folder.path("key.pem")], options: options)
        }

        private static func write(_ key: KeyPair, into folder: TemporaryFolder) throws {
            try folder.secretFile("key.pem", key.privatePEM)
        }

        func replaceKey(_ key: KeyPair, signals: Bool = true) throws {
            try Self.write(key, into: folder)
            guard signals else { return }
            mount.process.send(SIGHUP)
            #expect(mount.hasLogged("was read again and has changed"))
        }
    }

    @Test("A new key opens at once what failed for lack of it, with a signal and without", arguments: [true, false])
    func newKey(signals: Bool) throws {
        let rotation = try KeyRotation(KeyPair.other)
        let names = ["long.wav", "short.wav", "long.mkv", "one.mka", "blocks.mp4"]
        for name in names {
            let result = try Command.run(["cat", rotation.mount.path(of: rotation.account.original(name))])
            #expect(result.errorText.contains("Required key not available"), "\(name)")
        }
        try rotation.replaceKey(KeyPair.shared, signals: signals)
        for name in names {
            let original = try rotation.account.original(name)
            if original.file.kind == .recording {
                #expect(try rotation.mount.checksum(of: original) == original.file.sha256, "\(name)")
            } else {
                // Its size was that of the ciphertext before, which the kernel may keep for a second.
                try rotation.mount.expectRight(original, within: 5)
            }
        }
        try wait(until: "all sizes are right") { try rotation.mount.differences(from: rotation.account) == [] }
    }

    @Test("What was hidden for lack of a key is shown once there is one, and no longer counted")
    func hidden() throws {
        let rotation = try KeyRotation(KeyPair.other, options: ["--hide-unreadable"])
        let list = "ls recordings video-recordings compositions | grep -c ^[RC]"
        let all = try rotation.account.originals()
        // What doesn't name its key in the resource is hidden when its media was described.
        try wait(until: "all that is encrypted is hidden") {
            try Command.run(["sh", "-c", list], directory: rotation.mount.path).lines
                == ["\(all.values.count { !$0.encrypted })"]
        }
        try rotation.replaceKey(KeyPair.shared)
        #expect(try Command.shell(list, directory: rotation.mount.path).lines == ["\(all.count)"])
        let count = "jq '.unreadable | length' .twiliofs/status.json"
        try wait(until: "nothing counts as unreadable") {
            try Command.shell(count, directory: rotation.mount.path).lines == ["0"]
        }
        #expect(try rotation.mount.differences(from: rotation.account) == [])
    }

    @Test("A key that is taken away doesn't end what is being read, and opens nothing any more")
    func takenKey() throws {
        let media = try TemporaryFolder()
        try media.file("recordings/large.wav", TestMedia.noise(12_000_000, seed: 6))
        try media.file("recordings/other.wav", TestMedia.noise(100_000, seed: 7))
        let rotation = try KeyRotation(KeyPair.shared, media: media.url, options: ["--integrity", "deferred"])
        rotation.account.simulator.behaviour.bytesPerSecond = 4_000_000
        let original = try rotation.account.original("large.wav")
        let reading = try RunningCommand(["sha256sum", rotation.mount.path(of: original)])
        try wait(until: "the file is being read") {
            rotation.account.mediaRequests.contains { $0.bodyBytes > 500_000 }
        }
        let other = rotation.mount.path(of: try rotation.account.original("other.wav"))
        // Its content key is known from before.
        #expect(try Command.run(["sh", "-c", "head -c 1 \"$1\" | wc -c", "-", other]).lines == ["1"])
        try rotation.replaceKey(KeyPair.other)
        #expect(try Command.run(["cat", other]).errorText.contains("Required key not available"))
        #expect(try reading.wait().text.hasPrefix(original.file.sha256))
    }

    @Test("A file that holds no key leaves the keys, and the log names it")
    func wrongKey() throws {
        let rotation = try KeyRotation(KeyPair.shared)
        let path = try rotation.folder.file("key.pem", "no key")
        rotation.mount.process.send(SIGHUP)
        #expect(rotation.mount.hasLogged("the private key in '\(path)' stays as it was"))
        #expect(try rotation.mount.differences(from: rotation.account) == [])
    }

    @Test("A service's credentials are found by their names alone")
    func serviceCredentials() throws {
        let account = try SimulatedAccount(media: TestMedia.small)
        let folder = try TemporaryFolder()
        try folder.file("token", account.simulator.credentials.authToken)
        try folder.file("recordings.pem", KeyPair.shared.privatePEM)
        try Command.shell("chmod 400 *", directory: folder.url.path)
        let mount = try MountedAccount(
            account, keys: ["voice:recordings.pem", "recordings.pem"],
            options: ["--auth-token-file", "token", "--strict-permissions"],
            environment: ["TWILIO_AUTH_TOKEN": "", "CREDENTIALS_DIRECTORY": folder.url.path])
        #expect(try mount.differences(from: account) == [])
    }
}
