import FoundationEssentials
import Support
import TestSupport
import Testing

@testable import Transfer

@Suite("Addresses of the public Internet, and others", .orderly)
struct PeerAddressTests {
    @Test(
        "Private, local, reserved and translated addresses aren't public, up to the edges of their blocks",
        arguments: [
            ("0.0.0.0", false), ("0.255.255.255", false), ("1.0.0.0", true), ("9.255.255.255", true),
            ("10.0.0.0", false), ("10.255.255.255", false), ("11.0.0.0", true), ("100.63.255.255", true),
            ("100.64.0.0", false), ("100.127.255.255", false), ("100.128.0.0", true), ("126.255.255.255", true),
            ("127.0.0.1", false), ("127.255.255.255", false), ("128.0.0.0", true), ("169.253.255.255", true),
            ("169.254.169.254", false), ("169.255.0.0", true), ("172.15.255.255", true), ("172.16.0.0", false),
            ("172.31.255.255", false), ("172.32.0.0", true), ("192.0.0.1", false), ("192.0.2.1", false),
            ("192.88.99.1", false), ("192.167.255.255", true), ("192.168.0.0", false), ("192.169.0.0", true),
            ("198.17.255.255", true), ("198.18.0.0", false), ("198.19.255.255", false), ("198.20.0.0", true),
            ("198.51.100.7", false), ("203.0.113.7", false), ("223.255.255.255", true), ("224.0.0.1", false),
            ("239.255.255.255", false), ("240.0.0.1", false), ("255.255.255.255", false), ("54.231.0.1", true),
            ("::", false), ("::1", false), ("::2", false), ("[::1]", false), ("2600:1f18::1", true),
            ("[2600:1f18::1]", true), ("1fff::1", false), ("3ffe::1", true), ("4000::1", false), ("fc00::1", false),
            ("fdff::1", false), ("fe80::1", false), ("fe80::1%eth0", false), ("febf::1", false), ("fec0::1", false),
            ("ff02::1", false), ("2001:db8::1", false), ("2001::1", false), ("2001:1ff::1", false),
            ("2001:200::1", true), ("3fff::1", false), ("3fff:1000::1", true), ("::ffff:10.0.0.1", false),
            ("::ffff:127.0.0.1", false), ("::ffff:169.254.169.254", false), ("::ffff:54.231.0.1", true),
            ("64:ff9b::10.0.0.1", false), ("64:ff9b::54.231.0.1", true), ("64:ff9b:1::54.231.0.1", false),
            ("2002:0a00:0001::1", false), ("2002:36e7:0001::1", true), ("2002:7f00:1::", false), ("::10.0.0.1", false),
        ])
    func isPublic(text: String, isPublic: Bool) throws {
        #expect(try #require(PeerAddress(text)).isPublic == isPublic)
    }

    @Test("What is no address is none", arguments: ["", "localhost", "1.2.3", "1.2.3.4.5", "0x7f.1", ":::", "[]", "%"])
    func malformed(text: String) { #expect(PeerAddress(text) == nil) }

    @Test(
        "The port of the environment's proxy is the one that libcurl takes",
        arguments: [
            (["HTTPS_PROXY": "http://proxy.example:3128"], 3128), (["https_proxy": "proxy.example:8080"], 8080),
            (["https_proxy": "a:1", "HTTPS_PROXY": "b:2"], 1), (["HTTPS_PROXY": "", "ALL_PROXY": "socks5h://p:9"], 9),
            (["all_proxy": "socks5://user:word@[::1]:1234/"], 1234), (["HTTPS_PROXY": "http://proxy.example"], 1080),
            (["HTTPS_PROXY": "https://proxy.example"], 443), (["http_proxy": "a:1", "NO_PROXY": "*"], nil), ([:], nil),
        ] as [([String: String], UInt16?)])
    func proxyPort(variables: [String: String], port: UInt16?) {
        #expect(EnvironmentProxy { variables[$0] }?.port == port)
    }

    @Test(
        "A host is reached without the proxy where NO_PROXY has it, in libcurl's way",
        arguments: [
            ("", "a.example", true), ("*", "a.example", false), ("a.example", "a.example", false),
            ("A.Example", "a.example", false), ("example", "a.example", false), (".example", "a.example", false),
            ("xample", "a.example", true), ("a.example.", "a.example", false), ("a.example", "a.example.", false),
            ("b.example, a.example", "a.example", false), ("b.example a.example", "a.example", false),
            ("b.a.example", "a.example", true), ("10.0.0.1", "10.0.0.1", false), ("10.0.0.0/8", "10.1.2.3", false),
            ("10.0.0.0/8", "11.1.2.3", true), ("10.0.0.1/32", "10.0.0.2", true), ("0.0.0.1", "10.0.0.1", true),
            ("fd00::/8", "fd12::1", false), ("fd00::1", "fd00:0::1", false), ("fe00::/8", "fd12::1", true),
            ("10.0.0.0/8", "fd12::1", true), ("10.0.0.0/x", "10.1.2.3", true), ("*, b", "a.example", true),
        ])
    func exceptions(list: String, host: String, isCarried: Bool) throws {
        let variables = ["https_proxy": "http://10.0.0.9:3128", "NO_PROXY": list]
        #expect(try #require(EnvironmentProxy { variables[$0] }).carries(host) == isCarried)
    }

    @Test("Only the proxy may have a private address, as far as its address is known, and for hosts that it carries")
    func proxyAlone() throws {
        func isAllowed(_ variables: [String: String], _ peer: String, port: UInt16, for host: String) throws -> Bool {
            let rule = PeerRule(allowsPrivate: false, proxy: EnvironmentProxy { variables[$0] })
            return rule.fault(of: try #require(PeerAddress(peer)), port: port, for: try address("https://\(host)/"))
                == nil
        }
        let named = ["https_proxy": "https://proxy.example", "NO_PROXY": "store.example"]
        #expect(try isAllowed(named, "10.0.0.9", port: 443, for: "api.twilio.com"))
        #expect(try !isAllowed(named, "10.0.0.9", port: 443, for: "store.example"))
        #expect(try !isAllowed(named, "10.0.0.9", port: 80, for: "api.twilio.com"))
        let literal = ["https_proxy": "http://10.0.0.9:3128"]
        #expect(try isAllowed(literal, "10.0.0.9", port: 3128, for: "api.twilio.com"))
        #expect(try !isAllowed(literal, "10.0.0.8", port: 3128, for: "api.twilio.com"))
    }

    @Test(
        "A host that is a private address itself is refused wherever the connection goes",
        arguments: ["10.0.0.1", "10.0.0.1.", "[fd00::1]", "0x0a000001", "169.254.169.254", "2852039166"])
    func literal(host: String) throws {
        let rule = PeerRule(allowsPrivate: false, proxy: EnvironmentProxy { _ in "http://10.0.0.9:3128" })
        #expect(rule.fault(ofHostOf: try address("https://\(host)/"))?.code == .insecureAddress)
        #expect(PeerRule(allowsPrivate: true, proxy: nil).fault(ofHostOf: try address("https://\(host)/")) == nil)
        #expect(rule.fault(ofHostOf: try address("https://54.231.0.1/")) == nil)
        #expect(rule.fault(ofHostOf: try address("https://api.twilio.com/")) == nil)
    }

    @Test("A host may have a private address if it was named, or if a host that was named told it, and no further")
    func namedHosts() throws {
        let options = EasyOptions(userAgent: "tests", isNamedByUser: { $0 == "proxy.corp.example" })
        func allows(_ address: Address) throws -> Bool {
            let lane = Lane(origin: try Origin(of: address.url), isMedia: true)
            return options.rule(
                for: ExchangeRequest(
                    method: .get, address: address, headers: [], body: [], connectTimeout: .seconds(1), lane: lane)
            ).allowsPrivate
        }
        let named = try address("https://Proxy.corp.example/a")
        let foreign = try address("https://api.twilio.com/a")
        #expect(try allows(named) && !allows(foreign) && allows(address("http://127.0.0.1/a")))
        #expect(try !allows(address("https://10.0.0.1/a")) && !allows(address("https://a.localhost/a")))
        let told = try named.redirected(to: "https://media.example/b")
        #expect(try allows(told) && allows(told.redirected(to: "/c")))
        #expect(try !allows(told.redirected(to: "https://10.0.0.1/")))
        #expect(try !allows(foreign.redirected(to: "https://10.0.0.1/")) && !allows(foreign.redirected(to: "/b")))
        #expect(try allows(foreign.redirected(to: "https://proxy.corp.example/b")))
        #expect(try allows(told.withoutCredentials))
    }

    @Test("A refusal says the address and what to do; a literal address is refused for good, a name for the moment")
    func sentence() throws {
        let rule = PeerRule(
            allowsPrivate: false, proxy: EnvironmentProxy { ["https_proxy": "http://192.168.1.1:3128"][$0] })
        let peer = try #require(PeerAddress("192.168.1.1"))
        let name = try #require(rule.fault(of: peer, port: 443, for: try address("https://api.twilio.com/a?secret=b")))
        #expect(name.code == .nameNotResolved && name.message.contains("192.168.1.1"))
        #expect(name.message.contains("--api-url") && !name.message.contains("secret"))
        let literal = try #require(rule.fault(of: peer, port: 443, for: try address("https://192.168.1.1/")))
        #expect(literal.code == .insecureAddress)
        #expect(rule.fault(of: peer, port: 3128, for: try address("https://api.twilio.com/")) == nil)
        #expect(PeerRule(allowsPrivate: true).fault(of: peer, port: 443, for: try address()) == nil)
        let other = try #require(PeerAddress("54.231.0.1"))
        #expect(rule.fault(of: other, port: 443, for: try address("https://api.twilio.com/")) == nil)
    }
}
