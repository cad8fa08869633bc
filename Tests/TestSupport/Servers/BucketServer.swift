import Foundation

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
        let buckets: [Bucket]
    }

    private let process: RunningCommand
    private let folder: TemporaryFolder

    /// Its address.
    public let url: String
    private let keys: [String: Key]

    /// Starts it, and waits until boto3 has confirmed what it serves.
    public init(_ buckets: [Bucket]) throws {
        folder = try TemporaryFolder()
        try JSONEncoder().encode(Settings(buckets: buckets)).write(to: URL(filePath: folder.path("settings.json")))
        process = try RunningCommand(
            Python.words("bucket_server", [folder.path("settings.json")], usesPackages: true), keepsInputOpen: true)
        let isReady = eventually(within: 60) { [process] in
            process.output.contains(UInt8(ascii: "\n")) || !process.isRunning
        }
        guard isReady, process.isRunning else { throw CommandError("no bucket server: \(process.errorText)") }
        let ready = try JSONDecoder().decode(Ready.self, from: process.output)
        (url, keys) = (ready.url, ready.keys)
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
        try JSONDecoder().decode([Request].self, from: control("requests", ""))
    }

    /// Sets its clock off from the right time.
    public func setClock(off seconds: Int) throws { try control("clock", "\(seconds)") }

    /// Ends a session.
    public func expire(_ key: Key) throws { try control("expire", "\"\(key.token ?? "")\"") }

    /// Has it answer requests for a bucket of another region with a redirect, to a stranger, instead of an error.
    public func setRedirects(_ redirects: Bool) throws { try control("redirects", "\(redirects)") }

    /// Deletes an object.
    public func delete(_ key: String, from bucket: String) throws {
        let place = try JSONEncoder().encode(["bucket": bucket, "key": key])
        try control("delete", String(decoding: place, as: UTF8.self))
    }

    @discardableResult
    private func control(_ action: String, _ body: String) throws -> Data {
        try Command.require(["curl", "-sSf", "-X", "POST", "--data-binary", body, "\(url)/_bench/\(action)"]).output
    }
}
