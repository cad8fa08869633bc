import Foundation
import Glibc
import TestSupport
import Testing

@testable import twiliofs

@Suite("The words of the command line", .orderly)
struct ProgramArgumentsTests {
    private static let hostile = "x\u{1B}[2J\r\ntwiliofs: forged\u{9B}1m\u{202E}\u{7}y"

    /// What of a text steers a terminal.
    private static func odd(_ text: String) -> [Unicode.Scalar] {
        text.unicodeScalars.filter {
            $0 != "\n"
                && [.control, .format, .lineSeparator, .paragraphSeparator].contains($0.properties.generalCategory)
        }
    }

    @Test(
        "None of them steers the terminal or makes a line of its own, whoever complains of it",
        arguments: [
            ["mount", "--no-key", "HOSTILE"], ["mount", "--memory", "HOSTILE", "/mnt"],
            ["mount", "--uid=HOSTILE", "/mnt"],
            ["mount", "--kinds", "voice,HOSTILE", "/mnt"], ["mount", "--log-format", "HOSTILE", "/mnt"],
            ["mount", "--since=HOSTILE", "/mnt"], ["mount", "/mnt", "HOSTILE"], ["mount", "--HOSTILE", "/mnt"],
            ["HOSTILE"], ["unmount", "HOSTILE"], ["status", "HOSTILE"], ["cache", "status", "--cache-dir", "/HOSTILE"],
            ["cache", "status", "--json", "--cache-dir", "/HOSTILE"], ["cache", "HOSTILE"],
        ])
    func hostile(_ words: [String]) throws {
        let words = words.map { $0.replacing("HOSTILE", with: Self.hostile) }
        let result = try Command.run([BuiltPrograms.twiliofs] + words)
        let text = result.text + result.errorText
        #expect(Self.odd(text) == [], "\(text.debugDescription)")
        #expect(!text.contains("\ntwiliofs: forged"), "\(text)")
        #expect(text.contains("forged"), "\(text)")
    }

    @Test("The folder of the cache is in JSON what it is called")
    func folder() throws {
        let above = try TemporaryFolder()
        let folder = try above.folder("some\u{9B}1m\u{202E}where\u{1F600}")
        let output = try Command.require(
            [BuiltPrograms.twiliofs, "cache", "status", "--json", "--cache-dir", folder]
        ).output
        let object = try #require(JSONSerialization.jsonObject(with: output) as? [String: Any])
        #expect(object["folder"] as? String == folder + "/ciphertext")
    }

    @Test("Messages, help and statuses are ArgumentParser's")
    func statuses() throws {
        let wrong = try Command.run([BuiltPrograms.twiliofs, "mount", "--nonsense", "/mnt"])
        #expect(wrong.end == .exited(64))
        #expect(wrong.text == "" && wrong.errorText.contains("--nonsense") && wrong.errorText.contains("Usage:"))
        let help = try Command.run([BuiltPrograms.twiliofs])
        #expect(help.end == .exited(0))
        #expect(help.errorText == "" && help.text.contains("USAGE: twiliofs"))
    }

    @Test("A word that isn't UTF-8 is refused: it would name another file")
    func notUnicode() throws {
        for words in ["mount --no-key", "unmount", "status", "cache status --cache-dir"] {
            let result = try Command.run([
                "sh", "-c", #"exec "$0" $1 "$(printf '/mnt/caf\351')""#, BuiltPrograms.twiliofs, words,
            ])
            #expect(result.end == .exited(64), "\(result.errorText)")
            #expect(result.errorText.split(separator: "\n").count == 1)
            #expect(result.errorText.contains("/mnt/caf\u{FFFD}") && result.errorText.contains("UTF-8"))
        }
    }

    @Test("A text stands for its own bytes only, a replacement character that was typed included")
    func bytes() {
        for (text, bytes, isFaithful) in [
            ("caf\u{E9}", [0x63, 0x61, 0x66, -61, -87, 0], true), ("c\u{FFFD}", [0x63, -17, -65, -67, 0], true),
            ("c\u{FFFD}", [0x63, -23, 0], false), ("", [0], true),
        ] as [(String, [CChar], Bool)] {
            let isTaken = ProgramArguments.represents(text, bytes)
            #expect(isTaken == isFaithful, "\(text)")
        }
    }

    @Test("Without /proc it says so, and doesn't print help", .enabled(if: getuid() == 0, "needs root"))
    func withoutProc() throws {
        let result = try Command.run([
            "unshare", "-m", "sh", "-c", #"mount -t tmpfs none /proc && exec "$@""#, "sh", BuiltPrograms.twiliofs,
            "mount", "--no-key", "/mnt",
        ])
        #expect(result.end == .exited(1), "\(result.text)\(result.errorText)")
        #expect(result.text == "")
        #expect(result.errorText.hasPrefix("twiliofs: ") && result.errorText.contains("/proc has to be mounted"))
        #expect(result.errorText.split(separator: "\n").count == 1)
    }
}
