import Foundation
import Support

/// A server of S3's buckets that checks every signature: moto, which boto3 has filled and confirmed.
///
/// It ends with its last reference.
public final class BucketServer: Sendable {
    /// A bucket, with its objects.
    public struct Bucket: Encodable, Sendable {
        /// Its name.
        public var name: String
        /// Its region.
        public var region: String
        /// The beginning of the keys that the ``Key/reader`` may read.
        public var prefix: String
        /// Its objects.
        public var objects: [Object]

        /// Describes a bucket.
        public init(_ name: String, region: String = "us-east-1", prefix: String = "", objects: [Object] = []) {
            self.name = name
            self.region = region
            self.prefix = prefix
            self.objects = objects
        }
    }

    /// An object.
    public struct Object: Encodable, Sendable {
        let key: String
        let file: String
        let metadata: [String: String]

        /// Describes an object.
        ///
        /// - Parameters:
        ///   - file: the path of the file with its bytes.
        ///   - metadata: the names without `x-amz-meta-`, and the values.
        public init(key: String, file: String, metadata: [String: String] = [:]) {
            self.key = key
            self.file = file
            self.metadata = metadata
        }
    }

    /// An access key.
    public struct Key: Decodable, Sendable {
        /// The access key ID.
        public let identifier: String
        /// The secret access key.
        public let secret: String
        /// The session's token, of a temporary key.
        public let token: String?

        /// The variables that give it to the AWS tools.
        public var environment: [String: String] {
            var variables = ["AWS_ACCESS_KEY_ID": identifier, "AWS_SECRET_ACCESS_KEY": secret]
            variables["AWS_SESSION_TOKEN"] = token
            return variables
        }

        /// A section of the AWS tools' file of credentials.
        public func section(profile: String = "default") -> String {
            "[\(profile)]\naws_access_key_id = \(identifier)\naws_secret_access_key = \(secret)\n"
                + (token.map { "aws_session_token = \($0)\n" } ?? "")
        }
    }

    /// A request that the server got.
    public struct Request: Decodable, Sendable {
        /// Its method.
        public let method: String
        /// Its path, as it was sent.
        public let path: String
        /// Its header fields, with names in small letters.
        public let headers: [String: String]
    }

    private struct Ready: Decodable {
        let url: String
        let keys: [String: Key]
    }

    private struct Settings: Encodable {
        struct TLS: Encodable {
            let authority, certificate, key: String
        }

        let buckets: [Bucket]
        let tls: TLS?
    }

    private let process: RunningCommand
    private let folder: TemporaryFolder
    private let authority: CertificateAuthority?
    /// The requests that were taken already.
    private let taken = Locked<[Request]>([])

    /// Its address.
    public let url: String
    private let keys: [String: Key]

    /// Starts it, and waits until boto3 has confirmed what it serves.
    ///
    /// - Parameters:
    ///   - buckets: What it serves.
    ///   - authority: The authority for its certificate; nil for plain http.
    public init(_ buckets: [Bucket], authority: CertificateAuthority? = nil) throws {
        folder = try TemporaryFolder()
        self.authority = authority
        let tls = authority.map {
            Settings.TLS(
                authority: $0.path, certificate: $0.folder.path("server.pem"), key: $0.folder.path("server.key"))
        }
        try JSONEncoder().encode(Settings(buckets: buckets, tls: tls))
            .write(to: URL(filePath: folder.path("settings.json")))
        process = try RunningCommand(
            Python.words("bucket_server", [folder.path("settings.json")], usesPackages: true), keepsInputOpen: true)
        let isReady = eventually(within: 60) { [process] in
            process.output.contains(UInt8(ascii: "\n")) || !process.isRunning
        }
        guard isReady, process.isRunning else { throw CommandError("no bucket server: \(process.errorText)") }
        let ready = try JSONDecoder().decode(Ready.self, from: process.output)
        (url, keys) = (ready.url, ready.keys)
        let secrets = Set(keys.values.flatMap { [$0.secret, $0.token].compactMap(\.self) }.map(Secret.text))
        SecretRegister.shared.add { [weak self] in self == nil ? nil : secrets }
    }

    /// A key that may get the objects below the prefixes, and do nothing else.
    public var reader: Key { get throws { try key("reader") } }
    /// A key that may do nothing.
    public var stranger: Key { get throws { try key("stranger") } }
    /// The key of a session, which may do what ``reader`` may.
    public var session: Key { get throws { try key("session") } }
    /// The key of a later session.
    public var laterSession: Key { get throws { try key("later-session") } }

    private func key(_ name: String) throws -> Key {
        guard let key = keys[name] else { throw CommandError("the bucket server has no key '\(name)'") }
        return key
    }

    /// The requests since the last time.
    public func takeRequests() throws -> [Request] {
        let requests = try JSONDecoder().decode([Request].self, from: control("requests", ""))
        taken.withLock { $0 += requests }
        return requests
    }

    /// The requests so far that have something of Twilio's credentials, or an authorization that isn't AWS's.
    ///
    /// - Parameter secrets: Words of the credentials.
    public func strays(_ secrets: [String]) throws -> [String] {
        _ = try takeRequests()
        return taken.withLock { requests in
            requests.compactMap { request in
                let words = "\(request.method) \(request.path) \(request.headers)"
                let isSigned = request.headers["authorization"].map { $0.hasPrefix("AWS4-HMAC-SHA256 ") } ?? true
                let isStray = !isSigned || request.headers.keys.contains { $0.contains("twilio") }
                return isStray || secrets.contains { words.contains($0) } ? words : nil
            }
        }
    }

    /// Sets its clock off from the right time.
    public func setClock(off seconds: Int) throws { try control("clock", "\(seconds)") }

    /// Ends a session.
    public func expire(_ key: Key) throws { try control("expire", "\"\(key.token ?? "")\"") }

    /// Has it answer requests for a bucket of another region with a redirect to an address, instead of an error.
    public func setRedirect(to location: String?) throws { try control("redirect", Self.json(location)) }

    /// An answer that isn't the object.
    public enum Fault: String, Encodable, Sendable {
        /// Status 503, with S3's request to slow down.
        case slow
        /// A page for people, with status 200.
        case page
        /// A refusal of 64 MiB.
        case endless
    }

    /// Has it give these answers to the next requests.
    public func add(faults: [Fault]) throws { try control("faults", Self.json(faults)) }

    /// Has it break off each answer with more bytes, and end a session when it has.
    public func setCut(after bytes: Int?, ending key: Key? = nil) throws {
        struct Cut: Encodable {
            let bytes: Int
            let ends: String
        }
        try control("cut", Self.json(bytes.map { Cut(bytes: $0, ends: key?.token ?? "") }))
    }

    /// Deletes an object.
    public func delete(_ key: String, from bucket: String) throws {
        try control("delete", Self.json(["bucket": bucket, "key": key]))
    }

    private static func json(_ value: some Encodable) throws -> String {
        String(decoding: try JSONEncoder().encode(value), as: UTF8.self)
    }

    @discardableResult
    private func control(_ action: String, _ body: String) throws -> Data {
        let trust = authority.map { ["--cacert", $0.path] } ?? []
        return try Command.require(
            ["curl", "-sSf"] + trust + ["-X", "POST", "--data-binary", body, "\(url)/_bench/\(action)"]
        ).output
    }
}
