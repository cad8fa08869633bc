import Foundation
import Support
import TestSupport
import Testing

@testable import TwilioAPI

@Suite("Going through a JSON text", .orderly)
struct JSONScannerTests {
    private struct Sample: Decodable {
        let text: Data
        let isJSON: Bool
    }

    private static func isJSON(_ text: [UInt8]) -> Bool {
        var scanner = JSONScanner(text, subject: "the text")
        do throws(TwilioError) {
            scanner.skipSpace()
            try scanner.value()
            try scanner.finish()
            return true
        } catch {
            return false
        }
    }

    @Test("What Python accepts as JSON is accepted, and nothing else", arguments: 1...8)
    func agreesWithPython(seed: Int) throws {
        let samples: [Sample] = try Python.value("json_texts", "\(seed)")
        #expect(samples.count == 1500)
        let accepted = samples.count { $0.isJSON }
        #expect((500..<1200).contains(accepted))
        for sample in samples {
            let isJSON = Self.isJSON(Array(sample.text))
            #expect(isJSON == sample.isJSON, "\(String(decoding: sample.text, as: UTF8.self).debugDescription)")
        }
    }

    @Test("A text that was cut off isn't one, wherever it was cut")
    func cutOff() {
        let text = Array(#"{"a":[{"b":"\"]"},[1]],"é\u00e9":[{"x":"}\\"}, [ 1 ,"]"], null ,-1.5e3 , true]}"#.utf8)
        #expect(Self.isJSON(text))
        for count in 0..<text.count { #expect(!Self.isJSON(Array(text[..<count])), "\(count)") }
    }

    @Test("A string's end is found at every place within a machine word")
    func places() throws {
        for before in 0..<20 {
            for length in 0..<40 {
                let content = String(repeating: "x", count: length)
                let text = Array("\(String(repeating: " ", count: before))\"\(content)\"".utf8)
                var scanner = JSONScanner(text, subject: "the text")
                scanner.skipSpace()
                guard case .text(let found) = try scanner.value() else {
                    Issue.record("no string")
                    return
                }
                #expect(found.range == before + 1..<before + 1 + length)
                #expect(found.isPlain)
                try scanner.finish()
            }
        }
    }

    @Test("A string is what it stands for, and no half of a character")
    func strings() throws {
        let texts: [(String, String?)] = [
            (#""plain""#, "plain"), (#""a\/\u0052\n""#, "a/R\n"), (#""é😀""#, "é😀"), (#""\ud83d\ude00""#, "😀"),
            (#""\ud83d""#, nil), (#""""#, ""),
        ]
        for (text, meaning) in texts {
            var scanner = JSONScanner(Array(text.utf8), subject: "the text")
            guard case .text(let found) = try scanner.value() else {
                Issue.record("no string: \(text)")
                continue
            }
            #expect(scanner.string(found) == meaning)
        }
    }

    @Test("A text that is nested too deeply is refused before the stack ends", arguments: ["[", "{\"a\":"])
    func deep(opening: String) {
        func text(_ depth: Int) -> [UInt8] {
            let closing = opening == "[" ? "]" : "}"
            return Array(
                (String(repeating: opening, count: depth) + "0" + String(repeating: closing, count: depth)).utf8)
        }
        #expect(Self.isJSON(text(256)))
        #expect(!Self.isJSON(text(257)))
        #expect(!Self.isJSON(text(1_000_000)))
    }

    @Test("An error names the text and the place")
    func message() {
        var scanner = JSONScanner(Array(#"{"a":]"#.utf8), subject: "the page")
        let error = #expect(throws: TwilioError.self) { try scanner.value() }
        #expect(error?.code == .malformedAnswer)
        #expect(error?.message.contains("the page") == true)
        #expect(error?.message.contains("byte 5") == true)
    }
}
