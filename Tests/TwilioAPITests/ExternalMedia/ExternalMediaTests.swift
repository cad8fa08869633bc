import FoundationEssentials
import Support
import TestSupport
import Testing

@testable import Transfer
@testable import TwilioAPI

@Suite("Media outside of Twilio", .orderly)
struct ExternalMediaTests {
    /// Credentials that sign nothing, with a provider for each region.
    private final class Credentials: BucketCredentials {
        let absence: String?
        let region: String?
        private let providers = Locked<[String: FixedCredential]>([:])

        init(absence: String? = nil, region: String? = nil) {
            self.absence = absence
            self.region = region
        }

        func provider(region: String) -> any CredentialProvider {
            providers.withLock { providers in
                let provider = providers[region] ?? FixedCredential(Credential(username: region, password: "p"))
                providers[region] = provider
                return provider
            }
        }
    }

    /// The region that an address is signed for.
    private static func region(of address: Address?) -> String? {
        guard let address, let provider = address.credentials,
            case .basic(let credential) = provider.authorization(for: OutgoingRequest(method: .get, url: address.url))
        else { return nil }
        return credential.username
    }

    private static func media(
        endpoint: String? = nil, hosts: [String] = [], isDenied: Bool = false, absence: String? = nil,
        region: String? = nil
    ) throws -> ExternalMedia {
        var rules = ExternalMedia.Rules()
        rules.isDenied = isDenied
        rules.hosts = try hosts.map { try #require(HostPattern($0)) }
        rules.endpoint = endpoint.flatMap { URL(string: $0) }
        return try ExternalMedia(rules, credentials: Credentials(absence: absence, region: region))
    }

    private static func url(_ text: String, in media: ExternalMedia) throws -> String? {
        guard case .object(let object) = media.place(of: text) else { return nil }
        return try media.address(of: object).url.absoluteString
    }

    @Test(
        "An object is asked for at its server, by https, and a bucket that is no host's name in the path",
        arguments: [
            ("https://bucket.s3.eu-central-1.amazonaws.com/a b", "https://bucket.s3.eu-central-1.amazonaws.com/a%20b"),
            ("http://bucket.s3.amazonaws.com/k", "https://bucket.s3.amazonaws.com/k"),
            ("https://s3.eu-central-1.amazonaws.com/bucket/k", "https://bucket.s3.eu-central-1.amazonaws.com/k"),
            ("https://my.bucket.s3.amazonaws.com/k", "https://s3.amazonaws.com/my.bucket/k"),
            ("https://s3.amazonaws.com/My_Bucket//k", "https://s3.amazonaws.com/My_Bucket//k"),
            ("https://bucket.s3.amazonaws.com:443/k", "https://bucket.s3.amazonaws.com/k"),
            ("s3://bucket/k?", "https://bucket.s3.us-east-1.amazonaws.com/k%3F"),
            ("http://bucket.s3.amazonaws.com:80/k", "https://bucket.s3.amazonaws.com/k"),
            (
                "https://bucket.s3.amazonaws.com/k?X-Amz-Signature=0a&X-Amz-Credential=b&X-Amz-Expires=60",
                "https://bucket.s3.amazonaws.com/k"
            ), ("https://bucket.s3.amazonaws.com/folder/", "https://bucket.s3.amazonaws.com/folder/"),
            ("https://bucket.s3.amazonaws.com/k?versionId=v", "https://bucket.s3.amazonaws.com/k?versionId=v"),
        ])
    func amazon(location: String, url: String) throws {
        #expect(try Self.url(location, in: Self.media()) == url)
    }

    @Test(
        "A server of one's own is asked instead of Amazon's",
        arguments: [
            ("https://bucket.s3.eu-central-1.amazonaws.com/k", "https://store.example:9000/base/bucket/k"),
            ("https://my.bucket.s3.amazonaws.com/k", "https://store.example:9000/base/my.bucket/k"),
            ("s3://bucket/k", "https://store.example:9000/base/bucket/k"),
            ("https://store.example:9000/base/bucket/a/k", "https://store.example:9000/base/bucket/a/k"),
            ("https://bucket.store.example:9000/k", "https://store.example:9000/base/bucket/k"),
            ("http://store.example:9000/base/bucket/k", "https://store.example:9000/base/bucket/k"),
        ])
    func endpoint(location: String, url: String) throws {
        #expect(try Self.url(location, in: Self.media(endpoint: "https://store.example:9000/base/")) == url)
    }

    @Test("A host that was allowed by its name is asked at its address, and no other")
    func allowedHosts() throws {
        let media = try Self.media(hosts: ["store.example", "*.objects.example"])
        #expect(try Self.url("https://store.example/b/k+", in: media) == "https://store.example/b/k%2B")
        #expect(try Self.url("https://b.objects.example:8443/k", in: media) == "https://b.objects.example:8443/k")
        #expect(try Self.url("http://store.example/b/k", in: media) == "https://store.example/b/k")
        #expect(try Self.url("http://store.example:9000/b/k", in: media) == nil, "plain http")
        for stranger in [
            "https://objects.example/k", "https://evil.example/k", "https://xobjects.example/k",
            "https://store.example.evil.example/k", "https://b.store.example/k",
        ] {
            #expect(try Self.url(stranger, in: media) == nil, "\(stranger)")
        }
    }

    @Test("Names below Amazon's domain that aren't S3's are asked when they are allowed, as they are")
    func widened() throws {
        let media = try Self.media(hosts: ["*.amazonaws.com"], region: "eu-west-1")
        let location = "https://bucket.vpce-1a2b-3c.s3.eu-west-1.vpce.amazonaws.com/a%20b"
        #expect(try Self.url(location, in: media) == location)
        #expect(try Self.url(location, in: Self.media()) == nil)
        #expect(try Self.region(of: media.address(of: Self.object(location, in: media))) == "eu-west-1")
        let usual = try Self.url("https://my.bucket.s3.amazonaws.com/k", in: media)
        #expect(usual == "https://s3.amazonaws.com/my.bucket/k", "S3's own names mean what they mean")
    }

    @Test("A place that may not be asked is told with the reason")
    func refused() throws {
        func reason(_ location: String, _ media: ExternalMedia) -> String? {
            if case .unreachable(let reason) = media.place(of: location) { reason } else { nil }
        }
        let location = "https://bucket.s3.amazonaws.com/k"
        #expect(try reason(location, Self.media(isDenied: true))?.contains("--external-media deny") == true)
        #expect(try reason(location, Self.media(absence: "there is no key")) == "there is no key")
        let stranger = "https://ec2-1-2-3-4.compute-1.amazonaws.com/bucket/k"
        #expect(try reason(stranger, Self.media())?.contains("'ec2-1-2-3-4.compute-1.amazonaws.com'") == true)
        #expect(try reason("https://bucket.s3.amazonaws.com/", Self.media())?.contains("names no object") == true)
        #expect(try reason("https://bucket.s3.amazonaws.com:8443/k", Self.media())?.contains("may not be") == true)
        let nowhere = [
            "https://s3.amazonaws.com/../k", "https://s3.amazonaws.com/%2e%2e/k", "s3://../k", "s3://./k",
            "https://s3.eu-west-1.amazonaws.com/", "https://s3.eu-west-1.amazonaws.com", "https://s3.amazonaws.com//k",
        ]
        for location in nowhere {
            #expect(try reason(location, Self.media())?.contains("names no object") == true, "\(location)")
        }
        let service = "http://169.254.169.254/latest/meta-data/iam/security-credentials/role"
        #expect(try reason(service, Self.media())?.contains("'169.254.169.254' may not be asked") == true)
        let plain = try reason("http://store.example:9000/b/k", Self.media(hosts: ["store.example"]))
        #expect(plain?.contains("plain http") == true)
    }

    @Test(
        "An address that can't be read isn't repeated: a secret may be in it",
        arguments: [
            "https://user:hush@bucket.s3.amazonaws.com/k", "https://hush@bucket.s3.amazonaws.com/k",
            "https://[bucket]/k?X-Amz-Signature=hush", "hush",
        ])
    func unreadable(location: String) throws {
        guard case .unreachable(let reason) = try Self.media().place(of: location) else {
            Issue.record("it is a place")
            return
        }
        #expect(reason.contains("malformed") && !reason.contains("hush"))
    }

    @Test(
        "An endpoint that can't be used is refused at once",
        arguments: ["http://store.example", "ftp://store.example", "https://user@store.example", "https://h/?x=1"])
    func badEndpoint(endpoint: String) {
        let error = #expect(throws: TwilioError.self) { try Self.media(endpoint: endpoint) }
        #expect(error?.code == .invalidConfiguration)
    }

    // MARK: Regions

    private static func answer(
        _ status: Int, _ fields: [(String, String)] = [], _ body: String = "", from address: Address
    ) -> Response {
        Response(
            head: ResponseHead(status: status, headers: HeaderFields(fields), address: address),
            body: Array(body.utf8))
    }

    private static func object(_ location: String, in media: ExternalMedia) throws -> BucketObject {
        guard case .object(let object) = media.place(of: location) else {
            throw CommandError("\(location) is no place of an object")
        }
        return object
    }

    @Test(
        "A bucket in another region is asked there, at an address that the answer doesn't write",
        arguments: [
            (301, [("x-amz-bucket-region", "eu-west-1"), ("Location", "https://evil.example/")], ""),
            (307, [("Location", "https://evil.example/")], "<Endpoint>bucket.s3-eu-west-1.amazonaws.com</Endpoint>"),
            (400, [], "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-west-1</Region></Error>"),
        ])
    func relocation(status: Int, fields: [(String, String)], body: String) throws {
        let media = try Self.media()
        let object = try Self.object("https://bucket.s3.amazonaws.com/a b", in: media)
        let first = try media.address(of: object)
        let next = media.address(of: object, after: Self.answer(status, fields, body, from: first))
        #expect(next?.url.absoluteString == "https://bucket.s3.eu-west-1.amazonaws.com/a%20b")
        let again = try #require(next)
        #expect(media.address(of: object, after: Self.answer(status, fields, body, from: again)) == nil, "not for ever")
        let other = try Self.object("https://bucket.s3.amazonaws.com/other", in: media)
        #expect(try media.address(of: other).url.host() == "bucket.s3.eu-west-1.amazonaws.com", "it is remembered")
    }

    @Test("A store's buckets can be in different regions, and each that is told of one is asked in that")
    func regionsOfStore() throws {
        let media = try Self.media(hosts: ["store.example"])
        let objects = try ["first", "second"].map { try Self.object("https://store.example/\($0)/k", in: media) }
        let addresses = try objects.map { try media.address(of: $0) }
        #expect(addresses.map(Self.region) == ["us-east-1", "us-east-1"])
        for (index, region) in ["eu-west-1", "ap-south-1"].enumerated() {
            let document = "<Error><Code>AuthorizationHeaderMalformed</Code><Region>\(region)</Region></Error>"
            let answer = Self.answer(400, [], document, from: addresses[index])
            #expect(Self.region(of: media.address(of: objects[index], after: answer)) == region)
        }
        #expect(try objects.map { try Self.region(of: media.address(of: $0)) } == ["eu-west-1", "ap-south-1"])
    }

    @Test(
        "A region that could be a part of another host's name is none",
        arguments: [
            "evil.example/", "eu-west-1.evil.example", "eu-west-1/", "", "EU-WEST-1", "eu-west-1:s3",
            "website-eu-west-1",
        ])
    func malformedRegion(region: String) throws {
        let media = try Self.media()
        let object = try Self.object("https://bucket.s3.amazonaws.com/k", in: media)
        let address = try media.address(of: object)
        let answer = Self.answer(301, [("x-amz-bucket-region", region)], from: address)
        #expect(media.address(of: object, after: answer) == nil)
    }

    @Test("An answer that isn't about the region leads nowhere")
    func unrelated() throws {
        let media = try Self.media()
        let object = try Self.object("https://bucket.s3.eu-west-1.amazonaws.com/k", in: media)
        let address = try media.address(of: object)
        for answer in [
            Self.answer(301, [("Location", "https://evil.example/")], from: address),
            Self.answer(301, [("x-amz-bucket-region", "eu-west-1")], from: address),
            Self.answer(403, [("x-amz-bucket-region", "us-west-1")], from: address),
            Self.answer(400, [], "<Error><Code>ExpiredToken</Code></Error>", from: address),
        ] {
            #expect(media.address(of: object, after: answer) == nil)
        }
        let point = try Self.object("https://name-1.s3-accesspoint.eu-west-1.amazonaws.com/k", in: media)
        let there = try media.address(of: point)
        #expect(there.url.absoluteString == "https://name-1.s3-accesspoint.eu-west-1.amazonaws.com/k")
        let moved = Self.answer(301, [("x-amz-bucket-region", "us-west-1")], from: there)
        #expect(media.address(of: point, after: moved) == nil, "an access point is no bucket")
    }

    // MARK: Refusals

    @Test(
        "Each refusal of S3's has a sentence with the remedy",
        arguments: [
            (403, "AccessDenied", ExternalMediaErrorCode.denied, "s3:GetObject"),
            (400, "ExpiredToken", .denied, "has expired"), (403, "InvalidAccessKeyId", .denied, "AWS_ACCESS_KEY_ID"),
            (403, "SignatureDoesNotMatch", .denied, "secret"), (403, "RequestTimeTooSkewed", .denied, "clock"),
            (404, "NoSuchKey", .missing, "isn't in the bucket 'b'"), (404, "NoSuchBucket", .missing, "doesn't exist"),
            (403, "InvalidObjectState", .unavailable, "archived"),
            (301, "PermanentRedirect", .unavailable, "redirects"),
        ])
    func refusals(status: Int, code: String, kind: ExternalMediaErrorCode, words: String) throws {
        let media = try Self.media()
        let object = try Self.object("https://b.s3.amazonaws.com/k", in: media)
        let body = "<?xml version=\"1.0\"?><Error><Code>\(code)</Code><Message>Why.</Message></Error>"
        let answer = S3Answer(Self.answer(status, [], body, from: try media.address(of: object)))
        let error = try #require(answer.error(of: object))
        #expect(error.code == kind && error.message.contains(words), "\(error.message)")
    }

    @Test("A failure of the server's is none of them")
    func failures() throws {
        let media = try Self.media()
        let object = try Self.object("https://b.s3.amazonaws.com/k", in: media)
        let body = "<Error><Code>SlowDown</Code></Error>"
        #expect(try S3Answer(Self.answer(503, [], body, from: media.address(of: object))).error(of: object) == nil)
    }
}
