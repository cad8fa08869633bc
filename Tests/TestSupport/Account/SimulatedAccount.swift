public import Foundation
import Support
public import TwilioSimulator

/// A Twilio account, simulated by the test process itself.
///
/// It ends when it is stopped, and at the latest after the test that started it and with the last reference.
public final class SimulatedAccount: Sendable {
    /// The simulator: its addresses and credentials, and what it is asked.
    public let simulator: TwilioSimulator

    private let isStopped = Locked(false)

    /// Starts a simulator; its API answers when this returns.
    ///
    /// - Parameters:
    ///   - media: the folder with the media; nil for none.
    ///   - publicKeys: the keys that media is sealed for; nil for that of ``KeyPair/shared``.
    ///   - configure: changes what the simulator starts with.
    public init(
        media: URL?, publicKeys: [SimulatorConfiguration.PublicKey]? = nil,
        configure: (inout SimulatorConfiguration) throws -> Void = { _ in }
    ) throws {
        let keys = try publicKeys ?? [.init(pem: KeyPair.shared.publicPEM)]
        var configuration = SimulatorConfiguration(mediaFolder: media?.path, publicKeys: keys)
        // Accounts that live as long as the process are cleaned up after it.
        configuration.temporaryFolder = try TestRun.shared.folder.path
        try configure(&configuration)
        simulator = try TwilioSimulator.start(configuration)
        TestScope.current?.keep(self)
        SecretRegister.shared.add { [weak self] in
            guard let secrets = self?.simulator.secrets else { return nil }
            return Set(secrets.texts.map(Secret.text)).union(secrets.contentKeys.map(Secret.bytes))
        }
    }

    deinit { stop() }

    /// Ends it: its addresses can't be reached any more.
    public func stop() {
        let isFirst = isStopped.withLock { isStopped in
            defer { isStopped = true }
            return !isStopped
        }
        if isFirst { simulator.stop() }
    }

    /// The account's SID.
    public var sid: String { simulator.credentials.accountSID }

    /// The requests since the start or the last clearing.
    public var requests: [LoggedRequest] { simulator.requests }

    /// The requests for media since the start or the last clearing.
    public var mediaRequests: [LoggedRequest] { requests.filter(\.isMedia) }

    /// Forgets the requests so far.
    public func clearRequests() {
        simulator.clearRequests()
    }

    /// The originals by SID.
    ///
    /// - Parameter subaccount: whose; nil for the account itself.
    public func originals(of subaccount: String? = nil) throws -> [String: ManifestEntry] {
        try simulator.manifest(account: subaccount ?? sid)
    }

    /// The original whose file has a name.
    public func original(_ name: String) throws -> (sid: String, file: ManifestEntry) {
        guard let found = try originals().first(where: { $0.value.name == name }) else {
            throw CommandError("the account has no \(name)")
        }
        return (found.key, found.value)
    }

    /// Adds faults, in JSON.
    public func add(faults json: String) throws {
        try simulator.control("POST", "faults", body: json)
    }

    /// Removes all faults.
    public func clearFaults() {
        simulator.faults = []
    }

    /// Changes an account's resources as the JSON says.
    ///
    /// - Parameter subaccount: whose; nil for the account itself.
    /// - Returns: the SID of the resource.
    @discardableResult
    public func change(resource json: String, of subaccount: String? = nil) throws -> String {
        struct Answer: Decodable { let sid: String }
        let answer = try simulator.control("POST", "resources?account=\(subaccount ?? sid)", body: json)
        return try JSONDecoder().decode(Answer.self, from: Data(answer)).sid
    }
}

extension LoggedRequest {
    /// Whether it is for a recording's bytes, or for their address.
    public var isMedia: Bool {
        host == .media || path.hasSuffix("/Media") || path.hasSuffix(".wav")
    }
}

extension ManifestEntry {
    /// The path of the file with a SID within a mount.
    public func mountedPath(sid: String) -> String {
        let suffix = name.split(separator: ".").last ?? ""
        return "\(kind.rawValue)s/\(sid).\(suffix)"
    }
}
