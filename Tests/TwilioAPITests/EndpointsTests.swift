import Foundation
import Support
import TestSupport
import Testing

@testable import TwilioAPI

@Suite("Addresses of the services", .orderly)
struct EndpointsTests {
    @Test(
        "Region and edge make the host's name",
        arguments: [
            (nil, nil, "twilio.com"), ("us1", nil, "ashburn.us1.twilio.com"), ("ie1", nil, "dublin.ie1.twilio.com"),
            ("au1", nil, "sydney.au1.twilio.com"), ("jp1", nil, "tokyo.jp1.twilio.com"),
            ("ie1", "frankfurt", "frankfurt.ie1.twilio.com"), (nil, "singapore", "singapore.us1.twilio.com"),
            ("br9", "sao-paulo", "sao-paulo.br9.twilio.com"),
        ] as [(String?, String?, String)])
    func domains(region: String?, edge: String?, domain: String) throws {
        let endpoints = try Endpoints(region: region, edge: edge)
        #expect(endpoints.api.absoluteString == "https://api.\(domain)")
        #expect(endpoints.video.absoluteString == "https://video.\(domain)")
    }

    @Test("Each address can be given alone, and region and edge hold for the others")
    func overrides() throws {
        let endpoints = try Endpoints(region: "ie1", video: "http://127.0.0.1:8080/base")
        #expect(endpoints.api.absoluteString == "https://api.dublin.ie1.twilio.com")
        #expect(endpoints.video.absoluteString == "http://127.0.0.1:8080/base")
        let all = try Endpoints(api: "https://a.example", video: "HTTPS://b.example/")
        #expect(all.api.host() == "a.example")
        #expect(all.video.host() == "b.example")
    }

    @Test(
        "A region or an edge that is no name is refused by name",
        arguments: ["", "IE1", "ie1.evil.example", "ie1/", "ie 1", "ie1\n", "ïe1", "a@b", "ie1#", "ie1?"])
    func badNames(name: String) {
        for (region, edge, word) in [(name, "dublin", "region"), ("ie1", name, "edge")] {
            let error = #expect(throws: TwilioError.self) { try Endpoints(region: region, edge: edge) }
            #expect(error?.code == .invalidConfiguration)
            #expect(error?.message.contains("\(word) '\(name)'") == true)
        }
    }

    @Test("A region whose edge isn't known asks for the edge")
    func unknownRegion() {
        let error = #expect(throws: TwilioError.self) { try Endpoints(region: "br9") }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.contains("'br9'") == true)
        #expect(error?.message.contains("edge") == true)
    }

    @Test(
        "What is no address is refused, with the setting's name and the text",
        arguments: [
            "", "api.twilio.com", "ftp://api.twilio.com", "https://", "https:///path", "//api.twilio.com",
            "https://api.twilio.com?x=1", "https://api.twilio.com#x", "file:///etc/passwd", "http:api.twilio.com",
            "https://a b",
            "http://api.twilio.com", "http://10.0.0.1", "https://api.twilio.com:99999", "https://api.twilio.com:0",
        ])
    func badAddresses(text: String) {
        let wrong: [(String, () throws -> Endpoints)] = [
            ("API address", { try Endpoints(api: text) }), ("video address", { try Endpoints(video: text) }),
        ]
        for (setting, make) in wrong {
            let error = #expect(throws: TwilioError.self) { _ = try make() }
            #expect(error?.code == .invalidConfiguration)
            #expect(error?.message.contains("\(setting) '\(text)'") == true)
        }
    }

    @Test(
        "An address with a user name or a password is refused, and not repeated",
        arguments: [
            "https://user@api.twilio.com", "https://user:secret@api.twilio.com", "ftp://:secret@api.twilio.com",
        ])
    func userInformation(text: String) {
        let error = #expect(throws: TwilioError.self) { _ = try Endpoints(api: text) }
        #expect(error?.code == .invalidConfiguration)
        #expect(error?.message.contains("API address") == true)
        #expect(error?.description.contains("secret") == false && error?.description.contains("@") == false)
    }

    @Test(
        "A path is appended to the address's own",
        arguments: [
            ("https://h", "https://h/v1?a=b"), ("https://h/", "https://h/v1?a=b"), ("https://h//", "https://h/v1?a=b"),
            ("https://h/p", "https://h/p/v1?a=b"), ("https://h:8/p/", "https://h:8/p/v1?a=b"),
        ])
    func appending(base: String, result: String) throws {
        #expect(try #require(URL(string: base)).appending(pathAndQuery: "/v1?a=b")?.absoluteString == result)
    }
}
