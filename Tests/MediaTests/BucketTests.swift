import Credentials
import Envelope
import Foundation
import Logging
import ModuleTestSupport
import Support
import TestSupport
import Testing
import Transfer
import TwilioAPI

@testable import Media

@Suite("Media in a bucket that checks signatures", .orderly, .serialized)
struct BucketTests {
    /// Keys with everything that is written in another way in an address.
    private static let oddKeys = [
        "plain.wav", "a b.wav", "a+b", "ümläut/größe", "50%", "50%25", "%20", "a//b///c", "t~i.l_d-e", "q?x=1&y=2",
        "h#sh", "(p)*'!$,;=:@", "dots/./x/../y", "日本.wav", "tab\tand\"quote\"", "<&>", "\\back", "[x]{y}|z^`",
    ]
    private static let content = Array(TestMedia.signed(TestMedia.noise(200_000, seed: 3), as: "wav"))
    private static let near = "near-bucket"
    private static let dotted = "dotted.name.bucket"
    private static let far = "far-bucket"

    /// One server for all of these tests: starting it takes longer than each of them.
    private static let server = Result {
        let folder = try TemporaryFolder()
        try folder.file("media.wav", content)
        let file = folder.path("media.wav")
        func bucket(_ name: String, _ region: String, _ keys: [String]) -> BucketServer.Bucket {
            BucketServer.Bucket(
                name, region: region, prefix: "", objects: keys.map { BucketServer.Object(key: $0, file: file) })
        }
        let server = try BucketServer([
            bucket(near, "us-east-1", oddKeys + ["deleted", "expiring", "late"]),
            bucket(dotted, "us-east-1", ["key"]), bucket(far, "eu-west-1", ["first", "second"]),
        ])
        return withExtendedLifetime(folder) { server }
    }

    /// A library whose Twilio has no media, and that reads buckets with a key.
    private final class Bench {
        let twilio: LoopbackServer
        private let api: TestClient
        private let folder: TemporaryFolder
        private let library: MediaLibrary
        private let rereading: Rereading

        /// Makes a library whose media is in a server's bucket.
        ///
        /// - Parameter redirect: where Twilio's addresses of media lead; nil if it has none.
        init(_ server: BucketServer, variables: [String: String], redirect: String?) throws {
            twilio = try LoopbackServer { _ in
                LoopbackServer.Answer(
                    status: redirect == nil ? 404 : 302, fields: redirect.map { [("Location", $0)] } ?? [])
            }
            folder = try TemporaryFolder()
            rereading = try Rereading(logger: .silent)
            let sources = AWSSources(profile: nil, environment: { variables[$0] }, home: "/nonexistent") { path in
                FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
            }
            var rules = ExternalMedia.Rules()
            rules.endpoint = URL(string: server.url)
            let media = try ExternalMedia(rules, credentials: AWSCredentials(sources, rereading: rereading))
            api = try TestClient(url: twilio.url, externalMedia: media)
            library = try MediaLibrary(
                clients: TwilioClients(main: api.client), transfer: api.transfer, keys: KeyRing([]),
                configuration: MediaLibrary.Configuration(spoolFolder: folder.url.path, threadCount: 1),
                observer: NotingObserver(), logger: .silent)
        }

        func shutDown() {
            api.shutDown()
            library.shutDown()
            rereading.shutDown()
            twilio.stop()
        }

        /// Reads all of the media at an address, nil for Twilio's own.
        func read(_ location: String?) throws -> [UInt8] {
            struct Fields: Encodable {
                let sid: String
                let media_url: String?
                let status: String
            }
            let sid = "RE\(UInt64.random(in: 0...(.max)).hexadecimal)\(UInt64.random(in: 0...(.max)).hexadecimal)"
            let json = try JSONEncoder().encode(Fields(sid: sid, media_url: location, status: "completed"))
            let resource = try MediaResource(kind: .voiceRecording, json: Array(json))
            let results = Awaited<Result<MediaReader, MediaError>>()
            library.open(resource, facts: nil, integrity: nil) { results.add($0) }
            return try results.value().get().read(at: 0, count: BucketTests.content.count + 1)
        }
    }

    private static func withBench(
        _ key: (BucketServer) throws -> BucketServer.Key = { try $0.reader }, _ variables: [String: String] = [:],
        redirect: ((BucketServer) -> String)? = nil, test: (Bench, BucketServer) throws -> Void
    ) throws {
        let server = try server.get()
        let bench = try Bench(
            server, variables: key(server).environment.merging(variables) { $1 }, redirect: redirect?(server))
        defer { bench.shutDown() }
        _ = try server.takeRequests()
        try test(bench, server)
        // No credential of Twilio's comes to the bucket, and none of AWS's to Twilio.
        let password = try #require("name:word".data(using: .utf8)).base64EncodedString()
        #expect(try server.strays([password]) == [])
        for request in bench.twilio.requests {
            #expect(request["Authorization"] == "Basic \(password)")
            #expect(!request.fields.contains { $0.name.lowercased().hasPrefix("x-amz-") })
        }
    }

    private static func location(_ bucket: String, _ key: String, region: String? = nil) -> String {
        "https://\(bucket).s3.\(region.map { "\($0)." } ?? "")amazonaws.com/\(key)"
    }

    @Test("The signature is right for keys with any characters, written as URLs write them")
    func oddKeys() throws {
        try Self.withBench { (bench, server) throws in
            for key in Self.oddKeys {
                var allowed = CharacterSet.alphanumerics
                allowed.formUnion(CharacterSet(charactersIn: "/-._~"))
                let written = key.utf8.map { byte in
                    allowed.contains(Unicode.Scalar(byte)) && byte < 0x80
                        ? String(Unicode.Scalar(byte)) : "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16)
                }.joined()
                #expect(try areSame(bench.read(Self.location(Self.near, written)), Self.content), "\(key)")
                #expect(try areSame(bench.read("s3://\(Self.near)/\(key)"), Self.content), "s3: \(key)")
            }
            #expect(bench.twilio.requests.isEmpty)
            for request in try server.takeRequests() {
                let signed = try #require(request.headers["authorization"])
                #expect(signed.contains("SignedHeaders=host;range;x-amz-content-sha256;x-amz-date,"), "\(signed)")
                #expect(request.headers["accept-encoding"] == "identity")
            }
        }
    }

    @Test("What an address leaves unencoded is meant as it stands")
    func unencodedKeys() throws {
        try Self.withBench { (bench, _) throws in
            for key in ["a b.wav", "a+b", "ümläut/größe", "50%", "(p)*'!$,;=:@", "日本.wav", "dots/./x/../y"] {
                #expect(try areSame(bench.read(Self.location(Self.near, key)), Self.content), "\(key)")
            }
        }
    }

    @Test("A bucket is found by each form of address")
    func forms() throws {
        try Self.withBench { (bench, server) throws in
            for location in [
                Self.location(Self.near, "plain.wav"), Self.location(Self.dotted, "key"),
                "https://s3.amazonaws.com/\(Self.near)/plain.wav",
                "https://s3-us-east-1.amazonaws.com/\(Self.dotted)/key",
                "https://s3.dualstack.us-east-1.amazonaws.com/\(Self.near)/plain.wav",
                "\(server.url)/\(Self.near)/plain.wav", "http://\(Self.near).s3.amazonaws.com/plain.wav",
            ] {
                #expect(try areSame(bench.read(location), Self.content), "\(location)")
            }
        }
    }

    @Test("A bucket in another region is asked again, signed for that one, whoever an answer points to")
    func otherRegion() throws {
        for redirects in [false, true] {
            try Self.withBench { (bench, server) throws in
                // S3 names another host there, which could be any, Twilio's for instance.
                try server.setRedirect(to: redirects ? "\(bench.twilio.url)/there" : nil)
                defer { try? server.setRedirect(to: nil) }
                #expect(try areSame(bench.read(Self.location(Self.far, "first")), Self.content))
                let scopes = try server.takeRequests().map { request in
                    request.headers["authorization"]?.split(separator: "/").dropFirst(2).first ?? ""
                }
                #expect(scopes.first == "us-east-1" && scopes.dropFirst().allSatisfy { $0 == "eu-west-1" }, "\(scopes)")
                #expect(try areSame(bench.read(Self.location(Self.far, "second")), Self.content))
                #expect(
                    try server.takeRequests().allSatisfy {
                        $0.headers["authorization"]?.contains("/eu-west-1/") == true
                    },
                    "the region is remembered")
                #expect(bench.twilio.requests.isEmpty)
            }
        }
    }

    @Test("Where Twilio redirects to a bucket, no credential goes along")
    func redirectedThere() throws {
        try Self.withBench(redirect: { "\($0.url)/\(Self.near)/plain.wav" }) { (bench, server) throws in
            #expect(Self.error(bench, nil) != nil)
            let requests = try server.takeRequests()
            #expect(!requests.isEmpty && requests.allSatisfy { $0.headers["authorization"] == nil })
            #expect(!bench.twilio.requests.isEmpty)
        }
    }

    @Test("What interrupts the media of a bucket is got over, and what refuses it is told, however long that is")
    func failures() throws {
        let location = Self.location(Self.near, "plain.wav")
        try Self.withBench { (bench, server) throws in
            defer { try? server.add(faults: []) }
            for fault in [BucketServer.Fault.slow, .page] {
                try server.add(faults: [fault])
                #expect(try areSame(bench.read(location), Self.content), "\(fault)")
            }
            try server.add(faults: [.endless])
            let error = Self.error(bench, location)
            #expect(error?.code == .accessDenied && error?.message.contains("s3:GetObject") == true)
            #expect(try server.takeRequests().contains { $0.headers["range"] != nil })

            try server.setCut(after: 60_000)
            defer { try? server.setCut(after: nil) }
            #expect(try areSame(bench.read(location), Self.content), "broken off each time")
        }
    }

    /// The error of reading an address.
    private static func error(_ bench: Bench, _ location: String?) -> MediaError? {
        do {
            _ = try bench.read(location)
            return nil
        } catch { return error as? MediaError }
    }

    @Test("Another's key and a wrong secret are told with the remedy")
    func refusals() throws {
        let location = Self.location(Self.near, "plain.wav")
        try Self.withBench({ try $0.stranger }) { (bench, server) throws in
            let error = Self.error(bench, location)
            #expect(error?.code == .accessDenied && error?.message.contains("allow s3:GetObject") == true)
            #expect(try server.takeRequests().count == 1, "it isn't repeated")
        }
        try Self.withBench({ try $0.reader }, ["AWS_SECRET_ACCESS_KEY": "wrong"]) { (bench, server) throws in
            let error = Self.error(bench, location)
            #expect(error?.code == .accessDenied && error?.message.contains("check the secret") == true)
        }
        try Self.withBench({ try $0.reader }, ["AWS_ACCESS_KEY_ID": "AKIANOBODY"]) { (bench, server) throws in
            let error = Self.error(bench, location)
            #expect(error?.code == .accessDenied && error?.message.contains("doesn't know the AWS access key") == true)
        }
        try Self.withBench({ try $0.reader }, ["AWS_SESSION_TOKEN": "stray"]) { (bench, server) throws in
            let error = Self.error(bench, location)
            #expect(error?.code == .accessDenied && error?.message.contains("session token") == true)
        }
    }

    @Test("A clock that is off is told")
    func clock() throws {
        try Self.withBench { (bench, server) throws in
            try server.setClock(off: 3600)
            defer { try? server.setClock(off: 0) }
            let error = Self.error(bench, Self.location(Self.near, "plain.wav"))
            #expect(error?.code == .accessDenied)
            #expect(error?.message.contains("clock is too far from the server's, which says 20") == true)
        }
    }

    @Test("A deleted object is told as missing")
    func missing() throws {
        try Self.withBench { (bench, server) throws in
            try server.delete("deleted", from: Self.near)
            let error = Self.error(bench, Self.location(Self.near, "deleted"))
            #expect(error?.code == .mediaMissing && error?.message.contains("isn't in the bucket") == true)
        }
    }

    @Test("A session in the environment that has expired is told, and asked for once")
    func expired() throws {
        try Self.withBench({ try $0.session }) { (bench, server) throws in
            #expect(try areSame(bench.read(Self.location(Self.near, "expiring")), Self.content))
            _ = try server.takeRequests()
            try server.expire(server.session)
            let error = Self.error(bench, Self.location(Self.near, "late"))
            #expect(error?.code == .accessDenied && error?.message.contains("has expired") == true)
            #expect(try server.takeRequests().count == 1)
        }
    }

    @Test("A host that may not be asked isn't asked, and the error names it")
    func stranger() throws {
        let stranger = try LoopbackServer { _ in LoopbackServer.Answer(body: Self.content) }
        defer { stranger.stop() }
        try Self.withBench { (bench, _) throws in
            let error = Self.error(bench, "\(stranger.url)/bucket/key")
            #expect(error?.code == .accessDenied && error?.message.contains("'127.0.0.1' may not be asked") == true)
            #expect(stranger.requests.isEmpty)
            #expect(bench.twilio.requests.allSatisfy { $0["Authorization"]?.hasPrefix("Basic") == true })
        }
    }
}

extension UInt64 {
    /// Sixteen hexadecimal digits.
    fileprivate var hexadecimal: String {
        let text = String(self, radix: 16)
        return String(repeating: "0", count: 16 - text.count) + text
    }
}
