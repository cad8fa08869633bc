import Foundation
import Support
import TestSupport
import Testing

@Suite("A text from outside can't steer a terminal or forge a line", .orderly)
struct ForeignTextTests {
    @Test(
        "Ordinary text stays as it is",
        arguments: [
            "", " ", "Authentication Error - invalid username", "<b>\"quoted\"</b> \\ ~", "Grüße aus Köln", "東京支社",
            "Привет", "naïve e\u{301}", "❤️ and 👍🏽", "\u{FFFD}", "a\u{A0}b",
        ])
    func unchanged(text: String) {
        #expect(ForeignText(text).description == text)
        #expect(ForeignText(utf8: text.utf8).description == text)
        #expect(ForeignText(text[...]).description == text)
    }

    @Test("White space that moves a terminal's cursor becomes a blank")
    func whiteSpace() {
        #expect(ForeignText("a\tb\nc\r\nd\u{B}e\u{C}f\u{85}g\u{2028}h\u{2029}i").description == "a b c  d e f g h i")
    }

    @Test("Every control and format character is replaced")
    func controls() {
        let replaced =
            Array(UInt32(0)...0x1F) + Array(0x7F...0x9F) + [0xAD, 0x61C, 0x180E] + Array(0x200B...0x200F)
            + Array(0x2028...0x202E) + Array(0x2060...0x206F) + [0xFEFF] + Array(0xFFF9...0xFFFB)
            + [0x115F, 0x3164, 0xFFA0, 0xE000, 0xFDD0, 0xFFFF, 0xE0001, 0xE0041, 0x10FFFF]
        for value in replaced {
            guard let scalar = Unicode.Scalar(value) else {
                Issue.record("U+\(String(value, radix: 16)) is no scalar")
                continue
            }
            let shown = ForeignText("a\(Character(scalar))b").description
            #expect(shown == "a b" || shown == "a\u{FFFD}b", "U+\(String(value, radix: 16))")
        }
    }

    @Test("No scalar of Unicode leaves a control character, a separator or a bidirectional control")
    func everyScalar() {
        for value in UInt32(0)...0x10FFFF {
            guard let scalar = Unicode.Scalar(value) else { continue }
            for shown in ForeignText(String(scalar)).description.unicodeScalars {
                let properties = shown.properties
                if properties.generalCategory == .control || properties.generalCategory == .format
                    || properties.generalCategory == .lineSeparator
                    || properties.generalCategory == .paragraphSeparator || properties.isBidiControl
                {
                    Issue.record("U+\(String(value, radix: 16)) was kept")
                }
            }
        }
    }

    @Test("A sequence for the terminal is told without what makes it one")
    func escapes() {
        #expect(ForeignText("\u{1B}]0;owned\u{7}\u{1B}[2J").description == "\u{FFFD}]0;owned\u{FFFD}\u{FFFD}[2J")
        #expect(ForeignText("ok\r\n2026-11-21 forged").description == "ok  2026-11-21 forged")
        #expect(ForeignText("\u{9B}2J").description == "\u{FFFD}2J")
        #expect(ForeignText("invoice\u{202E}gpj.exe").description == "invoice\u{FFFD}gpj.exe")
    }

    @Test("A long text is cut at 300 scalars, and says so")
    func length() {
        let longest = String(repeating: "x", count: 300)
        #expect(ForeignText(longest).description == longest)
        #expect(ForeignText(longest + "x").description == String(repeating: "x", count: 299) + "…")
        #expect(ForeignText(String(repeating: "x", count: 1_000_000)).description.count == 300)
        #expect(ForeignText(utf8: repeatElement(UInt8(ascii: "x"), count: 1_000_000)).description.count == 300)
        let wide = String(repeating: "𝄞", count: 301)
        #expect(ForeignText(utf8: wide.utf8) == ForeignText(wide))
        #expect(ForeignText(wide).description.unicodeScalars.count == 300)
        // One character with any number of marks is as long as its scalars.
        let marked = "e" + String(repeating: "\u{301}", count: 10_000)
        #expect(ForeignText(marked).description.unicodeScalars.count == 300)
        #expect(ForeignText(String(repeating: "\n", count: 400)).description.unicodeScalars.count == 300)
    }

    @Test("A whole line is cleaned and not cut")
    func line() {
        let long = String(repeating: "é ", count: 1000)
        #expect(ForeignText.singleLine(long) == long)
        #expect(ForeignText.singleLine("a\r\nb\u{1B}[0m") == "a  b\u{FFFD}[0m")
        #expect(ForeignText.singleLine("plain") == "plain")
    }

    @Test("Bytes that aren't UTF-8 are replaced")
    func invalidBytes() {
        #expect(ForeignText(utf8: [0x61, 0xFF, 0x62]).description == "a\u{FFFD}b")
        #expect(ForeignText(utf8: [0xC2, 0x9B]).description == "\u{FFFD}")
        #expect(ForeignText(utf8: [0x9B]).description == "\u{FFFD}")
    }

    @Test("What is decoded from JSON is cleaned as well")
    func coding() throws {
        let decoded = try JSONDecoder().decode([ForeignText].self, from: Data(#"["a\u001bb", "c"]"#.utf8))
        #expect(decoded == ["a\u{FFFD}b", "c"])
        #expect(try JSONEncoder().encode(decoded) == Data("[\"a\u{FFFD}b\",\"c\"]".utf8))
    }

    @Test("A text that was cleaned is cleaned to itself")
    func idempotence() {
        for text in ["\u{1B}[1m", String(repeating: "é\n", count: 400), "a\u{2028}\u{202E}"] {
            let once = ForeignText(text)
            #expect(ForeignText(once.description) == once)
        }
    }
}
