public import Foundation
import Glibc

/// A Twilio account: the `twilio-simulator` program in a process of its own.
///
/// It ends with the last reference, and with the test process.
public final class SimulatedAccount: Sendable {
    /// Where the account is and what opens it, as the simulator prints it.
    public struct Description: Decodable, Sendable {
        /// The API's address.
        public let apiURL: String
        /// The media host's address.
        public let mediaURL: String
        /// The account's SID.
        public let accountSid: String
        /// The account's auth token.
        public let authToken: String
        /// An API key's SID.
        public let apiKey: String
        /// The API key's secret.
        public let apiSecret: String
        /// The SID of the key that seals by default.
        public let publicKeySid: String?
        /// The certificate authority's file, with TLS.
        public let caFile: String?
        /// The accounts that belong to it, in the order in which they were given.
        public let subaccounts: [Subaccount]

        /// An account that belongs to another.
        public struct Subaccount: Decodable, Sendable {
            /// Its SID.
            public let sid: String
            /// Its auth token.
            public let authToken: String
            /// Its friendly name.
            public let name: String
        }
    }

    /// A request as the simulator saw it.
    public struct LoggedRequest: Decodable, Sendable {
        /// `api` or `media`.
        public let host: String
        /// The method.
        public let method: String
        /// The path.
        public let path: String
        /// The `Range` header.
        public let range: String?
        /// Whether it carried an `Authorization` header.
        public let authorization: Bool
        /// The status of the answer.
        public let status: Int?
        /// The bytes of body sent.
        public let bodyBytes: Int

        /// Whether it is for a recording's bytes, or for their address.
        public var isMedia: Bool {
            host == "media" || path.hasSuffix("/Media") || path.hasSuffix(".wav")
        }
    }

    /// A file as the simulator serves it.
    public struct Original: Decodable, Sendable {
        /// `recording`, `video-recording` or `composition`.
        public let kind: String
        /// The file's name.
        public let name: String
        /// The path of the original.
        public let path: String
        /// SHA-256 of the original, hexadecimal.
        public let sha256: String
        /// The original's size in bytes.
        public let size: Int
        /// Whether it is served sealed.
        public let encrypted: Bool
    }

    /// Where the account is and what opens it.
    public let description: Description

    private let process: RunningCommand

    /// Starts a simulator; its API answers when this returns.
    ///
    /// - Parameters:
    ///   - media: the folder with the media; nil for none.
    ///   - switches: options of `twilio-simulator`.
    ///   - publicKeys: files with public keys, or `CR…=FILE`; nil for that of ``KeyPair/shared``.
    public init(media: URL?, switches: [String] = [], publicKeys: [String]? = nil) throws {
        let keys = try publicKeys ?? [KeyPair.shared.publicKey]
        let process = try RunningCommand(
            [BuiltPrograms.simulator, "--exit-with-parent"] + (media.map { ["--media", $0.path] } ?? [])
                + keys.flatMap { ["--public-key", $0] } + switches,
            keepsInputOpen: true)
        self.process = process
        guard eventually(within: 30, { process.output.last == UInt8(ascii: "\n") || !process.isRunning }),
            process.isRunning
        else { throw CommandError("the simulator doesn't start: \(process.errorText)") }
        description = try JSONDecoder().decode(Description.self, from: process.output)
    }

    deinit {
        // Orderly, so that it removes what it has sealed.
        process.send(SIGTERM)
        _ = eventually(within: 2) { !process.isRunning }
    }

    /// The requests since the start or the last clearing.
    public func requests() throws -> [LoggedRequest] {
        try JSONDecoder().decode([LoggedRequest].self, from: try control("GET", "requests"))
    }

    /// The requests for media since the start or the last clearing.
    public func mediaRequests() throws -> [LoggedRequest] { try requests().filter(\.isMedia) }

    /// Forgets the requests so far.
    public func clearRequests() throws {
        try control("DELETE", "requests")
    }

    /// The originals by SID.
    ///
    /// - Parameter subaccount: whose; nil for the account itself.
    public func originals(of subaccount: String? = nil) throws -> [String: Original] {
        let path = "manifest" + (subaccount.map { "?account=\($0)" } ?? "")
        return try JSONDecoder().decode([String: Original].self, from: try control("GET", path))
    }

    /// The original whose file has a name.
    public func original(_ name: String) throws -> (sid: String, file: Original) {
        guard let found = try originals().first(where: { $0.value.name == name }) else {
            throw CommandError("the account has no \(name)")
        }
        return (found.key, found.value)
    }

    /// Adds faults, in JSON.
    public func add(faults json: String) throws {
        try control("POST", "faults", json)
    }

    /// Removes all faults.
    public func clearFaults() throws {
        try control("DELETE", "faults")
    }

    /// Changes the behaviour; members in JSON.
    public func change(behaviour json: String) throws {
        try control("PATCH", "behaviour", json)
    }

    /// Changes an account's resources as the JSON says.
    ///
    /// - Parameter subaccount: whose; nil for the account itself.
    /// - Returns: the SID of the resource.
    @discardableResult
    public func change(resource json: String, of subaccount: String? = nil) throws -> String {
        struct Answer: Decodable { let sid: String }
        let path = "resources" + (subaccount.map { "?account=\($0)" } ?? "")
        return try JSONDecoder().decode(Answer.self, from: try control("POST", path, json)).sid
    }

    @discardableResult
    private func control(_ method: String, _ path: String, _ body: String? = nil) throws -> Data {
        try Command.require(
            ["curl", "-gsS", "-m", "20", "--fail-with-body", "-X", method]
                + (description.caFile.map { ["--cacert", $0] } ?? [])
                + (body.map { ["--data-binary", $0, "-H", "Content-Type: application/json"] } ?? [])
                + ["\(description.apiURL)/_simulator/\(path)"]
        ).output
    }
}

extension SimulatedAccount.Original {
    /// The path of the file with a SID within a mount.
    public func mountedPath(sid: String) -> String {
        let suffix = name.split(separator: ".").last ?? ""
        return "\(kind)s/\(sid).\(suffix)"
    }
}
