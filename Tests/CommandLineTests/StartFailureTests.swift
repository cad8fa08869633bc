import Foundation
import TestSupport
import Testing
import TwilioSimulator

@testable import twiliofs

@Suite(
    "A start that fails", .orderlyAndLong,
    .enabled(if: KernelSupport.isExpected, Comment(rawValue: KernelSupport.reason)))
struct StartFailureTests {
    private static let account = Result { try SimulatedAccount(media: nil) }
    private static let secureAccount = Result { try SimulatedAccount(media: nil) { $0.tls = true } }

    /// A folder with what the failures need, and the mount point.
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try folder.folder("mount")
        try folder.secretFile("bad.pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
        try folder.secretFile("wrong", "not-the-passphrase\n")
        try folder.secretFile("empty", "")
        try folder.file("readable.pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    }

    @Test("It ends with one sentence on standard error and a status of its own", arguments: StartFailure.all)
    func message(_ failure: StartFailure) throws {
        let account = try Self.account.get()
        for mode in [["--foreground"], []] {
            try check(failure, account: account, mode: mode)
        }
    }

    @Test(
        "Credentials that reach a part are told with the kinds that they reach, all of it in one sentence",
        arguments: [
            ("recording", "video,compositions", 403, 20403, ["video recordings and compositions"]),
            ("recording", "video", 403, 20403, ["the list of video recordings", "reach nothing"]),
            ("recording", "video", 401, 20003, ["the list of video recordings", "--video-credentials"]),
            ("recording", "voice,video", 404, 20404, ["the list of video recordings", "--kinds voice"]),
            ("video-recording", "voice,video", 401, 20003, ["the list of voice recordings", "--kinds video"]),
            ("video-recording", "voice,video,compositions", 403, 70052, ["voice recordings and compositions"]),
            ("composition", "voice", 401, 20003, ["refuses the credentials", "check", "--region"]),
            ("composition", "voice", 403, 70051, ["refuses the credentials", "permission to list and read"]),
            ("composition", "voice", 404, 20404, ["doesn't know the account", "check the account SID"]),
        ] as [(String, String, Int, Int, [String])])
    func restricted(reached: String, shown: String, status: Int, code: Int, words: [String]) throws {
        let account = try SimulatedAccount(media: nil)
        let key = account.simulator.credentials.accountSID
        try account.simulator.control(
            "POST", "keys",
            body: #"{"sid":"\#(key)","kinds":["\#(reached)"],"status":\#(status),"code":\#(code)}"#)
        try check(
            StartFailure(
                "a part", .credentials,
                naming: words + ["127.0.0.1", "status \(status)", "error \(code)"]
            ).with { $0.options = ["--kinds", shown] },
            account: account, mode: [])
    }

    @Test("A region without video is told as the reason")
    func regionWithoutVideo() throws {
        let account = try SimulatedAccount(media: nil) { $0.behaviour.servesVideo = false }
        try check(
            StartFailure("no video there", .credentials, naming: ["the region ie1 has no video", "--kinds voice"]).with
            {
                $0.options = ["--region", "ie1"]
            },
            account: account, mode: [])
    }

    @Test("Credentials for video alone that are refused are named, whether they are wrong or reach nothing")
    func videoCredentials() throws {
        let key = "SK" + String(repeating: "4", count: 32)
        let account = try SimulatedAccount(media: nil) {
            $0.keys = [try SimulatedKey(sid: key, secret: "right", kinds: [.recording], status: 403)]
        }
        for (secret, status) in [("right", 403), ("wrong", 401)] {
            let file = try folder.secretFile(secret, "\(account.sid) \(key) \(secret)\n")
            for (kinds, remedy) in [("voice,video", "--kinds voice"), ("video", "reach nothing")] {
                try check(
                    StartFailure(
                        "video's own credentials", .credentials,
                        naming: ["video recordings to \(key) ", "status \(status)", remedy, "--video-credentials"]
                    ).with { $0.options = ["--kinds", kinds, "--video-credentials", file] },
                    account: account, mode: [])
            }
        }
    }

    @Test("A subaccount whose own credentials are refused is named")
    func subaccount() throws {
        let account = try SimulatedAccount(media: nil) { $0.subaccounts = [try SimulatedSubaccount(name: "sales")] }
        let sid = account.simulator.subaccounts[0].sid
        try folder.secretFile("own", "\(sid) not-its-token\n")
        try check(
            StartFailure(
                "a subaccount", .credentials,
                naming: ["the subaccount \(sid)", "--subaccount-credentials", "--kinds voice", "status 401"]
            ).with { $0.options = ["--subaccounts", "--subaccount-credentials", "$TMP/own"] },
            account: account, mode: [])
    }

    @Test("A key that can't list subaccounts is told as such")
    func accountsRefused() throws {
        let account = try SimulatedAccount(media: nil)
        let key = account.simulator.credentials.accountSID
        try account.simulator.control("POST", "keys", body: #"{"sid":"\#(key)","reachesAccounts":false}"#)
        try check(
            StartFailure("no accounts", .credentials, naming: ["the list of accounts", "without --subaccounts"]).with {
                $0.options = ["--subaccounts"]
            },
            account: account, mode: [])
    }

    @Test("A certificate that isn't trusted is named")
    func certificate() throws {
        try check(
            StartFailure("an untrusted certificate", .unreachable, naming: ["certificate", "--ca-file"]),
            account: try Self.secureAccount.get(), mode: [])
    }

    @Test("A file of certificate authorities that is a pipe or a folder is refused, and not waited for")
    func authorities() throws {
        #expect(mkfifo(folder.path("pipe"), 0o600) == 0)
        for file in ["$TMP/pipe", "$TMP"] {
            try check(
                StartFailure("no file", .configuration, naming: [file, "not a regular file"]).with {
                    $0.options = ["--ca-file", file]
                },
                account: try Self.account.get(), mode: [])
        }
    }

    @Test(
        "What the mount opens while it serves mustn't be in it",
        arguments: [
            ("the cache folder", ["--cache-dir", "$MNT/cache"]),
            ("the cache folder", ["--cache-dir", "$MNT/../mount"]),
            ("the log file", ["--log-file", "$TMP/mount/log"]),
            ("the file of certificate authorities", ["--ca-file", "$MNT/ca.pem"]),
            ("the file with a secret", ["--auth-token-file", "$MNT/token"]),
            ("the file with a secret", ["--key", "voice:$MNT/key.pem"]),
        ] as [(String, [String])])
    func inItself(what: String, options: [String]) throws {
        try check(
            StartFailure("in itself", .mountPoint, naming: [what, "is in the mount point"]).with { failure in
                failure.options = ["-o", "nonempty"] + options
            },
            account: try Self.account.get(), mode: [])
    }

    @Test("A mount point that the cache uses is refused", arguments: ["AC", "ciphertext"])
    func inCache(name: String) throws {
        let account = try Self.account.get()
        let place = name == "AC" ? account.sid : name
        let folders = ["cache", "cache/\(place)", "cache/\(place)/below"]
        for name in folders { try folder.folder(name) }
        symlink(folder.path("cache"), folder.path("link"))
        for cache in ["$TMP/cache", "$TMP/link"] {
            for mountPoint in folders.dropFirst() {
                try check(
                    StartFailure("in the cache", .mountPoint, naming: [place, "is in the cache folder"]).with {
                        $0.options = ["--cache-dir", cache, "-o", "nonempty"]
                        $0.mountPoint = "$TMP/\(mountPoint)"
                    },
                    account: account, mode: [])
            }
        }
    }

    @Test("No name of a cache folder is refused")
    func noCache() throws {
        try check(
            StartFailure("no cache", .configuration, naming: ["--cache-dir is empty"]).with {
                $0.options = ["--cache-dir", ""]
            },
            account: try Self.account.get(), mode: [])
    }

    @Test("Too little address space is said to be too little")
    func addressSpace() throws {
        try check(
            StartFailure("1000 MB", .configuration, naming: ["address space", "976 MiB", "ulimit -v"]),
            account: try Self.account.get(), mode: [],
            prefix: ["sh", "-c", "ulimit -v 1000000 && exec \"$@\"", "sh"])
    }

    @Test(
        "Too few processes and threads are said to be too few", .enabled(if: getuid() == 0, "needs root"),
        arguments: [2, 3, 10, 60])
    func threads(limit: Int) throws {
        try check(
            StartFailure("\(limit) threads", .configuration, naming: ["more threads", "ulimit -u", "TasksMax="]),
            account: try Self.account.get(), mode: [],
            // A user of the test's own: what others run as the same user counts.
            prefix: ShellScript.asUser(64_800 + limit) + ["prlimit", "--nproc=\(limit)"])
    }

    @Test("Too many requests at the start are said to end with time")
    func tooManyRequests() throws {
        let server = try LoopbackServer { _ in
            LoopbackServer.Answer(
                status: 429, fields: [("Content-Type", "application/json")],
                body: Array(#"{"code":20429,"message":"Too Many Requests","status":429}"#.utf8))
        }
        defer { server.stop() }
        try check(
            StartFailure("too many requests", .unreachable, naming: ["Too Many Requests", "try again later"]).with {
                $0.variables["TWILIOFS_API_URL"] = server.url
            },
            account: try Self.account.get(), mode: [])
    }

    @Test("Too few descriptors are said to be too few", arguments: [6, 12, 14, 20, 63])
    func descriptors(limit: Int) throws {
        try check(
            StartFailure("\(limit) open files", .configuration, naming: ["open files", "\(limit)", "ulimit -n"]),
            account: try Self.account.get(), mode: [],
            prefix: ["sh", "-c", "ulimit -n \(limit) && exec \"$@\"", "sh"])
    }

    @Test("The fewest descriptors that are allowed are enough")
    func fewDescriptors() throws {
        let mount = try MountedAccount(
            try Self.account.get(), wrapper: ["sh", "-c", "ulimit -n 64 && exec \"$@\"", "sh"])
        try Command.shell("ls recordings video-recordings compositions", directory: mount.path)
    }

    @Test("What isn't Twilio's API is told, whether it answers or redirects")
    func strangers() throws {
        let page = [("Content-Type", "text/html")]
        for (status, fields, body) in [
            (200, page, "<html>Please log in</html>"), (200, page, #"{"sid":"AC1"}"#), (200, [], ""),
            (302, [("Location", "https://user:word@127.0.0.1/")], ""),
            (302, [("Location", "http://login.example/")], ""), (302, [("Location", "https://")], ""),
        ] as [(Int, [(String, String)], String)] {
            let server = try LoopbackServer { _ in
                LoopbackServer.Answer(status: status, fields: fields, body: Array(body.utf8))
            }
            defer { server.stop() }
            try check(
                StartFailure("a stranger", .unreachable, naming: ["not Twilio's API"]).with {
                    $0.variables["TWILIOFS_API_URL"] = server.url
                },
                account: try Self.account.get(), mode: [])
        }
    }

    @Test("An OAuth service that gives out no token is told, by what it sends")
    func tokenless() throws {
        for (status, body, code, words) in [
            (200, "<html>Please log in</html>", .unreachable, ["isn't JSON", "--oauth-url"]),
            (200, "{}", .unreachable, ["access_token"]), (404, "", .unreachable, ["status 404", "--oauth-url"]),
            (200, String(repeating: "x", count: 1 << 20), .unreachable, ["sends too much", "--oauth-url"]),
            (503, "", .unreachable, ["status 503", "try again later"]),
        ] as [(Int, String, FailureStatus, [String])] {
            let server = try LoopbackServer { _ in LoopbackServer.Answer(status: status, body: Array(body.utf8)) }
            defer { server.stop() }
            try check(
                StartFailure("no token", code, naming: words).with {
                    $0.options = StartFailure.oauthOptions("$TMP/wrong", url: server.url)
                },
                account: try Self.account.get(), mode: [])
        }
    }

    @Test("An OAuth service that hangs is told, since its token is waited for less long than the lists")
    func hangingTokens() throws {
        let account = try SimulatedAccount(media: nil)
        try folder.secretFile("client", account.simulator.credentials.clientSecret)
        try account.add(faults: #"{"path": "/v2/token", "action": {"type": "stall", "afterBytes": 1}}"#)
        try check(
            StartFailure("no token in time", .unreachable, naming: ["an OAuth token of 127.0.0.1"]).with {
                $0.options = StartFailure.oauthOptions("$TMP/client")
            },
            account: account, mode: [])
    }

    @Test("Hosts that don't accept OAuth tokens are told, with the remedy")
    func refusedTokens() throws {
        let account = try SimulatedAccount(media: nil) { $0.behaviour.bearerAcceptance = .none }
        try folder.secretFile("client", account.simulator.credentials.clientSecret)
        try check(
            StartFailure(
                "no host accepts tokens", .credentials, naming: ["doesn't accept OAuth tokens", "use an API key"]
            ).with { $0.options = StartFailure.oauthOptions("$TMP/client") },
            account: account, mode: [])
        account.simulator.behaviour.bearerAcceptance = .voice
        try check(
            StartFailure(
                "video doesn't accept tokens", .credentials,
                naming: ["OAuth tokens of this client aren't accepted there", "--kinds voice", "--video-credentials"]
            ).with { $0.options = StartFailure.oauthOptions("$TMP/client") },
            account: account, mode: [])
    }

    @Test("A proxy that refuses is told", arguments: [(407, "USER:PASSWORD@HOST"), (403, "NO_PROXY")])
    func refusingProxy(status: Int, words: String) throws {
        let server = try LoopbackServer { _ in LoopbackServer.Answer(status: status) }
        defer { server.stop() }
        try check(
            StartFailure("a proxy that refuses", .unreachable, naming: ["the proxy", words]).with {
                $0.variables["TWILIOFS_API_URL"] = "https://nothing.invalid"
                $0.variables["HTTPS_PROXY"] = server.url
            },
            account: try Self.account.get(), mode: [])
    }

    @Test("Without /dev/fuse it says how to get it", .enabled(if: getuid() == 0, "needs root"))
    func withoutDevice() throws {
        try check(
            StartFailure("no /dev/fuse", .fuseUnavailable, naming: ["/dev/fuse", "modprobe"]),
            account: try Self.account.get(), mode: [],
            prefix: Self.devices("none"))
    }

    @Test("A user who may not open /dev/fuse is told so", .enabled(if: getuid() == 0, "needs root"))
    func forbiddenDevice() throws {
        try check(
            StartFailure(
                "no access to /dev/fuse", .fuseUnavailable, naming: ["/dev/fuse", "Permission denied", "group"]),
            account: try Self.account.get(), mode: [],
            prefix: Self.devices("file") + ShellScript.asUser())
    }

    /// The words before a command that run it with other devices.
    private static func devices(_ kind: String) -> [String] { ShellScript.words("own_devices", [kind, "$TMP"]) }

    @Test("Something else in the place of /dev/fuse is told", .enabled(if: getuid() == 0, "needs root"))
    func otherDevice() throws {
        for kind in ["file", "null"] {
            try check(
                StartFailure("no device of FUSE's", .fuseUnavailable, naming: ["/dev/fuse", "mknod"]),
                account: try Self.account.get(), mode: [], prefix: Self.devices(kind))
        }
    }

    @Test(
        "A user's mount point that he may not write is told in one line", .enabled(if: getuid() == 0, "needs root"),
        arguments: [
            "chown 65534 mount; chmod 555 mount", "chown 65534 mount; chmod 000 mount", "chmod 755 mount",
            "chmod 1777 mount",
        ])
    func forbiddenMountPoint(_ change: String) throws {
        try check(
            StartFailure("a mount point that can't be written", .mountPoint, naming: ["$MNT", "mount point"]),
            account: try Self.account.get(), mode: [],
            prefix: Self.devices("open")
                + ["sh", "-euc", #"cd "$1"; "# + change + #"; cd /; shift; exec "$@""#, "sh", "$TMP"]
                + ShellScript.asUser())
    }

    private func check(
        _ failure: StartFailure, account: SimulatedAccount, mode: [String], prefix: [String] = []
    ) throws {
        let keys = URL(filePath: try KeyPair.shared.publicKey).deletingLastPathComponent().path
        let expand = { (text: String) in
            text.replacing("$KEYS", with: keys).replacing("$TMP", with: folder.url.path)
                .replacing("$MNT", with: folder.path("mount"))
                .replacing("$API", with: account.simulator.apiURL)
        }
        let words =
            prefix + [BuiltPrograms.twiliofs, "mount"] + mode + ["--cache-dir", folder.path("cache")] + failure.key
            + failure.options + [failure.mountPoint]
        let variables = MountedAccount.environment(account).merging(failure.variables) { $1 }
        // Without a terminal: nobody is there to be asked for a passphrase.
        let result = try Command.run(words.map(expand), adding: variables, startsSession: true, seconds: 30)
        #expect(result.end == .exited(failure.status.rawValue), "\(result.errorText)")
        #expect(result.text == "")
        #expect(result.errorText.hasPrefix("twiliofs: "))
        #expect(result.errorText.split(separator: "\n").count == 1, "\(result.errorText)")
        #expect(!result.errorText.contains("next attempt") && !result.errorText.contains("an attempt is under way"))
        #expect(
            !result.errorText.dropLast().unicodeScalars.contains { $0.properties.generalCategory == .control },
            "\(result.errorText.debugDescription)")
        for word in failure.words { #expect(result.errorText.contains(expand(word)), "\(result.errorText)") }
        for secret in [account.simulator.credentials.authToken, "wrong-token-of-mine", "not-the-passphrase"] {
            #expect(!result.errorText.contains(secret))
        }
        #expect(!MountedAccount.isMounted(folder.path("mount")))
        #expect(try Command.run(["pgrep", "-f", "twiliofs mount.*\(folder.url.path)"]).text == "", "nothing is left")
    }
}
