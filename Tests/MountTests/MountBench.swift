import Foundation
import TestSupport
import Testing
import TwilioSimulator

/// An account and a mount of it.
struct MountBench {
    let account: SimulatedAccount
    let mount: MountedAccount

    init(
        media: URL? = nil, publicKeys: [SimulatorConfiguration.PublicKey]? = nil, keys: [String]? = nil,
        options: [String] = [], configure: (inout SimulatorConfiguration) throws -> Void = { _ in }
    ) throws {
        account = try SimulatedAccount(
            media: media ?? TestMedia.small, publicKeys: publicKeys, configure: configure)
        mount = try MountedAccount(account, keys: keys, options: options)
    }

    /// Mounts an account that is there already.
    init(account: SimulatedAccount, options: [String] = []) throws {
        self.account = account
        mount = try MountedAccount(account, options: options)
    }

    /// The path in the mount of the file that was made of an original.
    func path(_ name: String) throws -> String { mount.path(of: try account.original(name)) }

    /// The checksum of a file in the mount.
    func checksum(_ name: String) throws -> String {
        String(try Command.require(["sha256sum", try path(name)]).text.prefix(64))
    }

    /// Runs a shell script in the mount's root.
    @discardableResult
    func shell(_ script: String, _ argument: String = "") throws -> CommandResult {
        try Command.shell(script, argument, directory: mount.path)
    }
}

extension Trait where Self == ConditionTrait {
    /// Runs the test where something can be mounted.
    static var needsFUSE: Self { .enabled(if: KernelSupport.isExpected, Comment(rawValue: KernelSupport.reason)) }
}

/// A file of an account.
typealias Original = (sid: String, file: ManifestEntry)

extension ManifestEntry {
    /// The paths of its media at the API, as a pattern of the simulator.
    func mediaPattern(sid: String) -> String { "*\(sid).\(name.split(separator: ".").last ?? "")" }
}

extension MountedAccount {
    /// The checksum of a file; nil when reading it fails.
    func checksum(of original: Original) throws -> String? {
        let result = try Command.run(["sha256sum", path(of: original)])
        return result.end == .exited(0) ? String(result.text.prefix(64)) : nil
    }

    /// Expects that reading a file gives the original's bytes, or fails.
    func expectRightOrError(_ original: Original, sourceLocation: SourceLocation = #_sourceLocation) throws {
        let found = try checksum(of: original)
        #expect(
            found == nil || found == original.file.sha256, "\(original.file.name)", sourceLocation: sourceLocation)
    }

    /// Expects that a file's bytes are right soon.
    func expectRight(
        _ original: Original, within seconds: Double = 30, sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        var last = ""
        let isRight = try eventually(within: seconds) {
            let result = try Command.run(["sha256sum", path(of: original)])
            last = result.text + result.errorText
            return result.end == .exited(0) && result.text.hasPrefix(original.file.sha256)
        }
        #expect(isRight, "\(original.file.name): \(last)\n\(log)", sourceLocation: sourceLocation)
    }
}
