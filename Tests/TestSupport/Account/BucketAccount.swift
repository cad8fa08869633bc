public import Foundation
public import TwilioSimulator

/// A simulated account whose media is in a bucket of the customer's own, which checks every signature.
///
/// Twilio's own addresses of the media answer 404, as they do then.
public final class BucketAccount: Sendable {
    /// The bucket's name.
    public static let bucket = "recordings-of-ours"
    /// The bucket's region.
    public static let region = "eu-central-1"
    private static let prefix = "from-twilio"

    /// One entry of the export's `objects.json`.
    private struct ExportedObject: Decodable {
        let path: String
        let headers: [String: String]

        /// The headers that are a customer's.
        var metadata: [String: String] {
            let prefix = "x-amz-meta-"
            let own = headers.filter { $0.key.hasPrefix(prefix) }
            return Dictionary(uniqueKeysWithValues: own.map { (String($0.key.dropFirst(prefix.count)), $0.value) })
        }
    }

    /// The account.
    public let account: SimulatedAccount
    /// The bucket's server.
    public let server: BucketServer

    /// Starts both.
    ///
    /// - Parameters:
    ///   - media: The folder with the media.
    ///   - authority: The authority for the certificate of the bucket's server; nil for plain http.
    ///   - configure: Changes what the simulator starts with.
    public init(
        media: URL, authority: CertificateAuthority? = nil,
        configure: (inout SimulatorConfiguration) throws -> Void = { _ in }
    ) throws {
        let folder = try TemporaryFolder()
        let export = folder.path("export")
        account = try SimulatedAccount(media: media) { configuration in
            configuration.exportFolder = export
            configuration.behaviour.bucket = "https://\(Self.bucket).s3.\(Self.region).amazonaws.com/\(Self.prefix)"
            try configure(&configuration)
        }
        let list = try Data(contentsOf: URL(filePath: "\(export)/objects.json"))
        let objects = try JSONDecoder().decode([ExportedObject].self, from: list).map { object in
            BucketServer.Object(
                key: Self.prefix + object.path, file: export + object.path, metadata: object.metadata)
        }
        let bucket = BucketServer.Bucket(
            Self.bucket, region: Self.region, prefix: "\(Self.prefix)/", objects: objects)
        server = try BucketServer([bucket], authority: authority)
    }

    /// The options that have a mount ask the bucket's server.
    public var options: [String] { ["--s3-endpoint", server.url] }

    /// Deletes the object of a recording.
    public func deleteObject(_ sid: String) throws {
        guard let name = try account.originals()[sid]?.name.split(separator: ".").last else {
            throw CommandError("the account has no \(sid)")
        }
        try server.delete("\(Self.prefix)/\(account.sid)/\(sid).\(name)", from: Self.bucket)
    }

    /// The requests so far that carry a credential to the wrong server: one of Twilio's to the bucket, or one of AWS's
    /// to Twilio.
    public func strays() throws -> [String] {
        let token = account.simulator.credentials.authToken
        let basic = Data("\(account.sid):\(token)".utf8).base64EncodedString()
        let atTwilio = account.requests.filter { request in
            // What opens the account is Twilio's own.
            request.isSignedForAWS || request.authorization && request.account != account.sid
        }
        return try server.strays([token, basic, "\(account.sid):"]) + atTwilio.map { "\($0)" }
    }
}
