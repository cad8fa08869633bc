import Foundation
import TestSupport
import Testing

@testable import TwilioAPI

@Suite("String identifiers", .orderly)
struct SIDTests {
    private static let digits = "0123456789abcdef0123456789abcdef"

    @Test(
        "A SID is written as it was read",
        arguments: ["AC", "RE", "RT", "CJ", "CR", "SK", "AA", "ZZ"].flatMap { prefix in
            [digits, String(repeating: "0", count: 32), String(repeating: "f", count: 32), String(digits.reversed())]
                .map { prefix + $0 }
        })
    func roundTrip(text: String) throws {
        let sid = try #require(SID(text))
        #expect(sid.description == text)
        #expect(sid.prefix == text.prefix(2))
        #expect(SID(text[...]) == sid)
        #expect(try JSONDecoder().decode([SID].self, from: Data("[\"\(text)\"]".utf8)) == [sid])
        #expect(String(decoding: try JSONEncoder().encode([sid]), as: UTF8.self) == "[\"\(text)\"]")
    }

    @Test("Of all characters sixteen are digits, wherever they stand")
    func everyCharacter() throws {
        for (value, place) in (UInt8.min..<128).map({ ($0, Int($0) % 32) }) {
            var characters = Array(("RE" + String(repeating: "0", count: 32)).utf8)
            characters[2 + place] = value
            let text = String(decoding: characters, as: UTF8.self)
            let isDigit = "0123456789abcdef".utf8.contains(value)
            #expect(SID(text)?.description == (isDigit ? text : nil), "character \(value)")
        }
    }

    @Test(
        "What is not exactly a SID is none",
        arguments: [
            "", "RE", "RE\(digits.dropLast())", "RE\(digits)0", " RE\(digits.dropLast())", "re\(digits)",
            "Re\(digits)", "R1\(digits)", "1E\(digits)", "RE\(digits.uppercased())", "RE\(digits.dropLast())g",
            "RE\(digits.dropLast())é", "ÄE\(digits.dropLast())", "RE-\(digits.dropLast())", "RE+\(digits.dropLast())",
            "RE\(digits.dropLast())\n", "RE\(digits.dropLast())\0", "RE\(digits.prefix(16))/\(digits.suffix(15))",
            "[E\(digits)", "@E\(digits)", "RE\(digits.prefix(31))`", "RE\(digits.prefix(31)):",
            "..\(digits)", "RE０\(digits.prefix(29))",
        ])
    func notASID(text: String) {
        #expect(SID(text) == nil)
        #expect(throws: DecodingError.self) { try JSONDecoder().decode([SID].self, from: JSONEncoder().encode([text])) }
    }

    @Test("Every digit counts at its place", arguments: 0..<32)
    func everyDigit(place: Int) throws {
        let zero = String(repeating: "0", count: 32)
        var found: Set<SID> = []
        for digit in "0123456789abcdef" {
            let text = "RE" + zero.prefix(place) + String(digit) + zero.dropFirst(place + 1)
            let sid = try #require(SID(text))
            #expect(sid.description == text)
            found.insert(sid)
        }
        #expect(found.count == 16)
    }

    @Test("SIDs are ordered as their written forms are")
    func order() throws {
        var generator = SeededGenerator(seed: 1)
        let texts = (0..<500).map { _ -> String in
            let prefix = ["AC", "RE", "RT", "CJ"].randomElement(using: &generator) ?? ""
            return prefix + (0..<32).map { _ in String(Int.random(in: 0..<16, using: &generator), radix: 16) }.joined()
        }
        let sids = texts.compactMap { SID($0) }
        #expect(sids.count == 500)
        #expect(sids.sorted().map(\.description) == texts.sorted { Array($0.utf8).lexicographicallyPrecedes($1.utf8) })
    }
}
