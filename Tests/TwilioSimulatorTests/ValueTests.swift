import Foundation
import TestSupport
import Testing

@testable import TwilioSimulator

@Suite("Dates, patterns and other values", .orderly)
struct ValueTests {
    @Test("Dates are written as date(1) writes them, and read back")
    func dates() throws {
        let moments = [0, 951_827_696, 1_476_482_194, 1_772_323_199, 1_798_761_599, 4_107_542_400, -1]
        for seconds in moments {
            func date(_ format: String) throws -> String {
                try Command.require(["date", "-u", "-d", "@\(seconds)", format]).lines[0]
            }
            let instant = Instant(seconds: seconds)
            #expect(try instant.rfc2822 == date("+%a, %d %b %Y %H:%M:%S +0000"))
            #expect(try instant.iso8601 == date("+%Y-%m-%dT%H:%M:%SZ"))
            #expect(try instant.amazonDate == date("+%Y%m%dT%H%M%SZ"))
            #expect(try instant.httpDate == date("+%a, %d %b %Y %H:%M:%S GMT"))
            #expect(try instant.startOfDay.iso8601 == date("+%Y-%m-%dT00:00:00Z"))
            for text in [instant.rfc2822, instant.iso8601, instant.amazonDate] {
                #expect(Instant(text: text) == instant)
            }
        }
        #expect(Instant(text: "2016-10-14T21:56:34.123+02:00") == Instant(text: "2016-10-14T19:56:34Z"))
        for wrong in ["", "yesterday", "2016-13-01", "2016-10-14T", "Fri, 14 Foo 2016 21:56:34 +0000"] {
            #expect(Instant(text: wrong) == nil)
        }
    }

    @Test("Patterns are prefixes, or stars for any run of characters")
    func patterns() {
        let cases: [(String, String, Bool)] = [
            ("/v1", "/v1/Recordings", true), ("/v2", "/v1/Recordings", false), ("*", "", true),
            ("/v1/*/Media", "/v1/Recordings/RT1/Media", true), ("/v1/*/Media", "/v1/Recordings/RT1", false),
            ("*.wav", "/a/b.wav", true), ("*.wav", "/a/b.wav.json", false), ("*a*b", "xaxbxb", true),
        ]
        for (pattern, path, expected) in cases {
            #expect(PathPattern(text: pattern).matches(path) == expected, "\(pattern) on \(path)")
        }
    }

    @Test("Generated SIDs lead back to their numbers, and others to none")
    func generated() throws {
        let key = try RecipientKey(pem: Array(SimulatorBench.keys[0].get().publicPEM.utf8))
        let recordings = try GeneratedRecordings(
            count: 1_000_000, newest: Instant(seconds: 1_800_000_000), publicKeySID: "CR", key: key)
        for number in [0, 1, 999_999] {
            #expect(recordings.number(ofSID: GeneratedRecordings.sid(number, prefix: "RE")) == number)
        }
        #expect(recordings.number(ofSID: GeneratedRecordings.sid(1_000_000, prefix: "RE")) == nil)
        #expect(recordings.number(ofSID: "RE" + String(repeating: "0", count: 32)) == nil)
        let all = Instant(seconds: 0)..<Instant(seconds: .max)
        #expect(recordings.numbers(createdIn: all) == 0..<1_000_000)
        let minute = recordings.position(11).created..<recordings.position(9).created
        #expect(recordings.numbers(createdIn: minute) == 10..<12)
    }

    @Test("Every place has a rank in each order, and the recording there has that place")
    func ranks() throws {
        let key = try RecipientKey(pem: Array(SimulatorBench.keys[0].get().publicPEM.utf8))
        let recordings = try GeneratedRecordings(
            count: 1000, newest: Instant(seconds: 1_800_000_000), publicKeySID: "CR", key: key)
        for order in Behaviour.ListOrder.allCases {
            let ranked = GeneratedOrder(recordings, order)
            #expect(Set((0..<1000).map(ranked.number)) == Set(0..<1000))
            for rank in 0..<1000 {
                let place = recordings.position(ranked.number(rank: rank))
                #expect(ranked.rank(of: place) == rank)
                #expect(ranked.rank(after: place) == rank + 1)
            }
            #expect(ranked.ranks(of: 0..<1000) == 0..<1000)
        }
        let place = recordings.position(500)
        let above = Position(created: place.created, sid: "RF")
        #expect(GeneratedOrder(recordings, .newestFirst).rank(after: above) == 500)
        #expect(GeneratedOrder(recordings, .oldestFirst).ranks(of: 0..<10) == 990..<1000)
    }

    @Test("Base64 is what base64(1) writes", arguments: 0..<7)
    func base64Text(size: Int) throws {
        let original = [UInt8](noise(size))
        let other = [UInt8](try Command.require(["base64", "-w0"], input: Data(original)).output)
        #expect(base64Digits(original) == other)
        #expect(bytes(ofBase64Digits: other) == original)
    }

    @Test("JSON text is what another parser reads")
    func json() throws {
        let value: JSONValue = ["a": ["x\n\"\\\u{1}é", 1, .number(1.5), true, nil], "b": [:]]
        let other = try Python.run("normal_json", input: Data(value.text)).text
        #expect(other == #"{"a":["x\n\"\\\u0001\u00e9",1,1.5,true,null],"b":{}}"#)
        #expect(try JSONValue(text: value.text, subject: "It") == value)
    }
}
