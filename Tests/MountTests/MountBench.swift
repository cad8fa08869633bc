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
