import Envelope
import Foundation
import ModuleTestSupport
import Support
import TestSupport
import Testing
import Transfer
import TwilioAPI

@testable import Credentials

@Suite("Tokens of signed requests", .orderly)
struct RequestSignerTests {
    private static let account = "AC0123456789abcdef0123456789abcdef"
    private static let apiKey = "SKfedcba9876543210fedcba9876543210"
    private static let publicKey = "CR00112233445566778899aabbccddeeff"
    /// With characters that Base64 and HTTP take differently.
    private static let secret = "s:ecret ÿ/+="
    private static let time: Int64 = 1_800_000_000

    /// A request for both makers of tokens.
    private struct Sample: Encodable {
        let method: String
        let url: String
        var body = ""
        var time = RequestSignerTests.time
    }

    private static let path = "https://api.twilio.com/2010-04-01/Accounts/\(account)/Recordings.json"

    private static let samples: [Sample] =
        Request.Method.allCases.map { Sample(method: $0.rawValue, url: path) }
        + [
            "?", "?PageSize=1000", "?b=2&a=1&B=3&A=4", "?a=2&a=10&a=1&a=", "?PageSize=1&Page=0&PageToken=PARE0",
            "?DateCreated%3E=2026-11-20&DateCreated%3C=2026-11-22&PageSize=1000", "?a&=b&&c==&d", "?a%3Db=c&a=b%26c",
            "?name=%C3%BC%E2%82%AC%F0%9F%98%80&Name=%7E~-._*'()!", "?q=a+b%20c%2B&q=%25&q=%0A", "?a%2f=1&a%2F=1",
            "?z=1;y=2&x=@:/?", "?RequestedChannels=2#fragment", "?a=1&a1=2&a-b=3&a.b=4&a_b=5&a~b=6&A=7&a%20=8&a",
            "?&&", "?&a=1&", "?=", "?=b&=a", "?a==b&a=b=", "?a=+&a=%20&a=%2B", "?a=%2F&a=%2f&a=/", "?a=~&a=%7E&a=%7e",
            "?PageToken=PA%3D%3D&Page=10&PageSize=50&Page=9", "?a=%FF&a=%00&%25=%25",
        ].map { Sample(method: "GET", url: path + $0) }
        + [
            "https://video.twilio.com/v1/Recordings/RT0/Media?Ttl=3600", "https://video.dublin.ie1.twilio.com/",
            "https://api.twilio.com:8443/a//b/%20c/%C3%A9/?q=1", "http://127.0.0.1:4010/v1/../x/./y%2Fz",
            "http://[::1]:4010/v1",
        ].map { Sample(method: "GET", url: $0) }
        + ["a=1&b=2", "{\"ä\": \"€\"}", " ", "\r\n", String(repeating: "x", count: 100_000)].map {
            Sample(method: "POST", url: path + "?b=1&a=2", body: $0)
        }
        + [0, 1, 4_000_000_000].map { Sample(method: "GET", url: path, time: $0) }

    @Test("Twilio's own library makes the same token for the same request and time, byte for byte")
    func oracle() throws {
        let pair = try KeyPair.shared
        let signer = try RequestSigner(
            account: #require(SID(Self.account)), publicKeySID: #require(SID(Self.publicKey)),
            key: pair.readPrivateKey())
        let credential = Credential(username: Self.apiKey, password: Self.secret)
        let tokens: [String] = try Python.value(
            "validation_tokens", Self.account, Self.apiKey, Self.secret, Self.publicKey, pair.privateKey(),
            usesPackages: true, input: JSONEncoder().encode(Self.samples))
        try #require(tokens.count == Self.samples.count)
        for (sample, token) in zip(Self.samples, tokens) {
            let request = OutgoingRequest(
                method: try #require(Request.Method(rawValue: sample.method)),
                url: try #require(URL(string: sample.url)),
                body: Array(sample.body.utf8))
            let made = try signer.token(for: request, credential: credential, now: sample.time)
            #expect(made == token, "\(sample.method) \(sample.url)")
        }
        // The samples are different requests, but for those that differ only in their fragment or empty query.
        #expect(Set(tokens).count >= tokens.count - 3)
    }

    @Test("A key of another size signs, too", arguments: [3072, 4096])
    func otherSizes(bits: Int) throws {
        let pair = try KeyPair.shared(bits: bits)
        let signer = try RequestSigner(
            account: #require(SID(Self.account)), publicKeySID: #require(SID(Self.publicKey)),
            key: pair.readPrivateKey())
        let sample = Sample(method: "GET", url: Self.path)
        let tokens: [String] = try Python.value(
            "validation_tokens", Self.account, Self.apiKey, Self.secret, Self.publicKey, pair.privateKey(),
            usesPackages: true, input: JSONEncoder().encode([sample]))
        let made = try signer.token(
            for: OutgoingRequest(method: .get, url: #require(URL(string: sample.url))),
            credential: Credential(username: Self.apiKey, password: Self.secret), now: sample.time)
        #expect([made] == tokens)
    }

    @Test("The canonical request has the documented parts")
    func canonicalForm() throws {
        let url = try #require(URL(string: "https://api.twilio.com/Messages?PageSize=5&Limit=10"))
        let canonical = try CanonicalRequest(
            OutgoingRequest(method: .post, url: url, body: Array("a".utf8)), authorization: "Basic eA==")
        #expect(
            canonical?.text == """
                POST
                /Messages
                Limit=10&PageSize=5
                authorization:Basic eA==
                host:api.twilio.com

                authorization;host
                ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785afee48bb
                """)
    }

    @Test("A token isn't made for a name that isn't a SID, which could change the claims")
    func issuer() throws {
        let signer = try RequestSigner(
            account: #require(SID(Self.account)), publicKeySID: #require(SID(Self.publicKey)),
            key: KeyPair.shared.readPrivateKey())
        for name in ["", "name", #"SK","sub":"AC"#] {
            let token = try signer.token(
                for: OutgoingRequest(method: .get, url: #require(URL(string: Self.path))),
                credential: Credential(username: name, password: "x"), now: 0)
            #expect(token == nil)
        }
    }
}
