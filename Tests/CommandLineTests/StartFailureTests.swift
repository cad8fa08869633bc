import Foundation
import TestSupport
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

    static let all = credentials + mounting

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
        try folder.file("bad.pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
        try folder.file("wrong", "not-the-passphrase\n")
        try folder.file("empty", "")
        try folder.file("readable.pem", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
        for name in ["bad.pem", "wrong", "empty"] { chmod(folder.path(name), 0o600) }
    }

    @Test("It ends with one sentence on standard error and a status of its own", arguments: StartFailure.all)
    func message(_ failure: StartFailure) throws {
        let account = try Self.account.get()
        for mode in [["--foreground"], []] {
            try check(failure, account: account, mode: mode)
        }
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
            prefix: [
                "setpriv", "--reuid=\(64_800 + limit)", "--regid=65534", "--clear-groups", "prlimit",
                "--nproc=\(limit)",
            ])
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
            prefix: ["unshare", "-m", "sh", "-c", #"mount -t tmpfs none /dev && exec "$@""#, "sh"])
    }

    @Test("A user who may not open /dev/fuse is told so", .enabled(if: getuid() == 0, "needs root"))
    func forbiddenDevice() throws {
        try check(
            StartFailure(
                "no access to /dev/fuse", .fuseUnavailable, naming: ["/dev/fuse", "Permission denied", "group"]),
            account: try Self.account.get(), mode: [],
            prefix: [
                "unshare", "-m", "sh", "-euc",
                #"""
                touch "$1/device"
                chmod 600 "$1/device"
                mount --bind "$1/device" /dev/fuse
                shift
                exec setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
                """#, "sh", "$TMP",
            ])
    }

    /// Makes a device and shows it as `/dev/fuse`, in a namespace of its own: `/tmp` may not allow devices.
    private static func device(_ make: String, then script: String) -> [String] {
        [
            "unshare", "-m", "sh", "-euc",
            #"mkdir -p "$1/dev"; mount -t tmpfs none "$1/dev"; "# + make
                + #"; mount --bind "$1/dev/device" /dev/fuse; cd "$1"; shift; "# + script,
            "sh", "$TMP",
        ]
    }

    @Test("Something else in the place of /dev/fuse is told", .enabled(if: getuid() == 0, "needs root"))
    func otherDevice() throws {
        for make in [#"touch "$1/dev/device""#, #"mknod "$1/dev/device" c 1 3"#] {
            try check(
                StartFailure("no device of FUSE's", .fuseUnavailable, naming: ["/dev/fuse", "mknod"]),
                account: try Self.account.get(), mode: [], prefix: Self.device(make, then: #"exec "$@""#))
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
            prefix: Self.device(
                #"mknod -m 666 "$1/dev/device" c 10 229"#,
                then: change + #"; cd /; exec setpriv --reuid=65534 --regid=65534 --clear-groups "$@""#))
    }

    private func check(
        _ failure: StartFailure, account: SimulatedAccount, mode: [String], prefix: [String] = []
    ) throws {
        let keys = URL(filePath: try KeyPair.shared.publicKey).deletingLastPathComponent().path
        let expand = { (text: String) in
            text.replacing("$KEYS", with: keys).replacing("$TMP", with: folder.url.path)
                .replacing("$MNT", with: folder.path("mount"))
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
