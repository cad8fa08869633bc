import Foundation
import Support
import TestSupport
import Testing
import Transfer

@testable import Credentials

@Suite("The credentials of AWS, when their files change", .orderly)
struct AWSCredentialsTests {
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
        try folder.folder(".aws")
    }

    private func write(_ text: String) throws { try folder.file(".aws/credentials", text) }

    private static func profile(_ key: String) -> String {
        "[default]\naws_access_key_id = \(key)\naws_secret_access_key = secret\n"
    }

    private func credentials() throws -> AWSCredentials {
        let sources = AWSSources(profile: nil, environment: { _ in nil }, home: folder.url.path) { path in
            FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
        }
        return try AWSCredentials(sources, rereading: nil)
    }

    /// What a request is signed with, without its secrets.
    private func key(_ credentials: AWSCredentials) throws -> String? {
        let url = try #require(URL(string: "https://bucket.s3.amazonaws.com/key"))
        let request = OutgoingRequest(method: .get, url: url, body: [])
        guard case .aws(let signature) = credentials.provider(region: "us-east-1").authorization(for: request) else {
            return nil
        }
        return signature.accessKey
    }

    @Test("Another key takes the former one's place, but files without a usable key don't")
    func kept() throws {
        try write(Self.profile("AKIAOLD"))
        let credentials = try credentials()
        for text in ["", "[default]\naws_access_key_id = AK", "[default]\n", Self.profile("ä"), nil] {
            if let text { try write(text) } else { unlink(folder.path(".aws/credentials")) }
            #expect(throws: AWSError.self, "\(text ?? "gone")") { try credentials.readAgain(evenIfUnchanged: true) }
            #expect(try key(credentials) == "AKIAOLD" && credentials.absence == nil, "\(text ?? "gone")")
        }
        try write(Self.profile("AKIANEW"))
        #expect(try credentials.readAgain(evenIfUnchanged: true))
        #expect(try key(credentials) == "AKIANEW")
        #expect(try !credentials.readAgain(evenIfUnchanged: true))
    }

    @Test("A key that comes later is used")
    func later() throws {
        let credentials = try credentials()
        #expect(try key(credentials) == nil && credentials.absence != nil)
        #expect(try !credentials.readAgain(evenIfUnchanged: true))
        try write(Self.profile("AKIANEW"))
        #expect(try credentials.readAgain(evenIfUnchanged: true))
        #expect(try key(credentials) == "AKIANEW" && credentials.absence == nil)
    }
}
