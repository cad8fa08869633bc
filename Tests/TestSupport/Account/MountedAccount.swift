public import Foundation
import Glibc
import Support
public import TwilioSimulator

/// An account that is mounted: the `twiliofs` program in the foreground, in a process of its own.
///
/// It is unmounted with the last reference, whatever is open in it.
public final class MountedAccount: Sendable {
    /// Where it is mounted.
    public let path: String

    /// The program that serves the mount.
    public let process: RunningCommand

    private let folder: TemporaryFolder

    /// Mounts; the mount answers when this returns.
    ///
    /// - Parameters:
    ///   - keys: values of `--key`; nil for that of ``KeyPair/shared``, none for `--no-key`.
    ///   - options: further options of `twiliofs mount`.
    ///   - cacheFolder: where the catalog is kept; nil for a folder of its own.
    ///   - namesAuthority: whether the account's certificate authority, with TLS, is given with `--ca-file`.
    ///   - environment: further variables.
    ///   - wrapper: the words before `twiliofs`, a command that becomes its arguments.
    public init(
        _ account: SimulatedAccount, keys: [String]? = nil, options: [String] = [], cacheFolder: String? = nil,
        namesAuthority: Bool = true, environment: [String: String] = [:], wrapper: [String] = []
    ) throws {
        folder = try TemporaryFolder()
        path = try folder.folder("mount")
        let keys = try keys ?? [KeyPair.shared.privateKey()]
        process = try RunningCommand(
            wrapper
                + [BuiltPrograms.twiliofs, "mount", "--foreground", "--cache-dir", cacheFolder ?? folder.path("cache")]
                + (keys.isEmpty ? ["--no-key"] : keys.flatMap { ["--key", $0] })
                + (namesAuthority ? account.simulator.authorityFile.map { ["--ca-file", $0] } ?? [] : [])
                + Self.withLogLevel(options) + [path],
            environment: Command.environment.merging(Self.environment(account)) { $1 }.merging(environment) { $1 })
        guard eventually(within: 30, { isMounted || !process.isRunning }), process.isRunning else {
            throw CommandError("the account can't be mounted: \(process.errorText)")
        }
    }

    deinit {
        guard process.isRunning else { return }
        process.send(SIGTERM)
        if !eventually(within: 5, { !process.isRunning }) { process.kill() }
        if isMounted { umount2(path, 2 /* MNT_DETACH */) }
    }

    /// Options of a mount that logs what a debugger wants, unless they say otherwise: each log is searched for secrets.
    static func withLogLevel(_ options: [String]) -> [String] {
        let isSet = options.contains { $0 == "--log-level" || $0.hasPrefix("--log-level=") }
        return options + (isSet ? [] : ["--log-level", "debug"])
    }

    /// The variables that lead `twiliofs` to an account.
    public static func environment(_ account: SimulatedAccount) -> [String: String] {
        [
            "TWILIO_ACCOUNT_SID": account.sid, "TWILIO_AUTH_TOKEN": account.simulator.credentials.authToken,
            "TWILIOFS_API_URL": account.simulator.apiURL, "TWILIOFS_VIDEO_URL": account.simulator.apiURL,
        ]
    }

    /// The variables of the account's OAuth client, and none of its auth token.
    public static func oauthEnvironment(_ account: SimulatedAccount) -> [String: String] {
        let credentials = account.simulator.credentials
        return [
            "TWILIO_AUTH_TOKEN": "", "TWILIO_CLIENT_ID": credentials.clientID,
            "TWILIO_CLIENT_SECRET": credentials.clientSecret,
            "TWILIOFS_OAUTH_URL": account.simulator.apiURL + "/v2/token",
        ]
    }

    /// What the program has logged so far; the lines of the last milliseconds may be on their way.
    public var log: String { process.errorText }

    /// Waits until the log has some texts.
    ///
    /// - Returns: whether it came to have all of them.
    public func hasLogged(_ texts: String...) -> Bool {
        eventually { texts.allSatisfy(log.contains) }
    }

    /// Whether the kernel has a mount there.
    public var isMounted: Bool { Self.isMounted(path) }

    /// Whether the kernel has a mount at a path; doesn't look into it.
    public static func isMounted(_ path: String) -> Bool {
        let table = KernelFile.text(of: "/proc/self/mounts") ?? ""
        return table.split(separator: "\n").contains { $0.split(separator: " ").dropFirst().first == path[...] }
    }

    /// The path of a file in the mount.
    public func path(of original: (sid: String, file: ManifestEntry)) -> String {
        "\(path)/\(original.file.mountedPath(sid: original.sid))"
    }

    /// Unmounts in the orderly way: a signal to the program.
    ///
    /// - Returns: how the program ended.
    @discardableResult
    public func unmount(by signal: Int32 = SIGTERM, seconds: Double = 30) throws -> CommandResult {
        process.send(signal)
        return try process.wait(seconds: seconds)
    }

    /// What the mount shows of media, compared with the originals.
    ///
    /// - Parameter isIncluded: which files are compared; all of them are listed.
    /// - Returns: a line for each difference; none when the mount shows the originals and nothing else.
    public func differences(
        from account: SimulatedAccount, where isIncluded: (ManifestEntry) -> Bool = { _ in true }
    ) throws -> [String] {
        let originals = try account.originals()
        var expected: [String: String] = [:]
        for (sid, file) in originals { expected[file.mountedPath(sid: sid)] = "\(file.size)" }
        // Sizes first: they have to be right before anything is read.
        let sizes = try listing("find recordings video-recordings compositions -type f -printf '%s %p\\n'")
        var differences = Self.compare(sizes, expected, "size")
        let included = originals.filter { isIncluded($0.value) }
        let paths = included.map { $0.value.mountedPath(sid: $0.key) }.sorted()
        let hashes = try listing("sha256sum \(paths.joined(separator: " "))")
        differences += Self.compare(
            hashes, Dictionary(uniqueKeysWithValues: included.map { ($1.mountedPath(sid: $0), $1.sha256) }), "sha256")
        return differences
    }

    /// Names and values of the lines that a command prints.
    private func listing(_ command: String) throws -> [String: String] {
        let result = try Command.run(["/bin/sh", "-euc", command], directory: path)
        if result.end != .exited(0) { throw CommandError("\(command): \(result.errorText)\nlog: \(log)") }
        let pairs = result.lines.map { line in
            let words = line.split(separator: " ", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
            return (words[1], words[0])
        }
        return Dictionary(pairs) { "\($0) and \($1)" }
    }

    private static func compare(_ found: [String: String], _ expected: [String: String], _ what: String) -> [String] {
        Set(found.keys).union(expected.keys).sorted().compactMap { name in
            found[name] == expected[name]
                ? nil : "\(what) of \(name): \(found[name] ?? "none"), not \(expected[name] ?? "none")"
        }
    }
}
