import Foundation
import TestSupport
import Testing

/// An option as one of the three texts describes it.
private struct DescribedOption: Equatable {
    /// The default, where it is one word: a number, a size, a name.
    var defaultValue: String?

    /// The variables of Twilio's and twiliofs's own that stand in its place.
    var variables: Set<String> = []
}

/// What `doc/OPTIONS.md`, the manual and `--help` say of the options of `twiliofs mount`.
@Suite("The options' documentation", .orderly)
struct OptionDocumentationTests {
    private static var variable: Regex<Substring> { #/TWILIO[A-Z_]+/# }

    @Test("The table in doc/OPTIONS.md, the manual and --help have the same options, defaults and variables")
    func agreement() throws {
        let help = try describedByHelp()
        let manual = try describedByManual()
        let table = try describedByTable()
        #expect(help.count > 25)
        #expect(Set(manual.keys) == Set(help.keys))
        #expect(Set(table.keys) == Set(help.keys))
        for (name, option) in help.sorted(by: { $0.key < $1.key }) {
            #expect(manual[name] == option, "the manual, \(name)")
            #expect(table[name] == option, "doc/OPTIONS.md, \(name)")
        }
    }

    /// `  -f, --foreground  Text`, and lines that go on, further to the right.
    private func describedByHelp() throws -> [String: DescribedOption] {
        let text = try Command.require([BuiltPrograms.twiliofs, "mount", "--help"]).text
        let section = try #require(text.components(separatedBy: "OPTIONS:\n").last)
        var names: [[String]] = []
        var texts: [String] = []
        for line in section.split(separator: "\n") {
            if let head = try #/^  (-[^\s,]*(?:, -[^\s,]+)*)/#.firstMatch(in: line) {
                // Of a pair, --probing/--no-probing, the second is the one that changes something.
                names.append(head.1.components(separatedBy: ", ").map { String($0.split(separator: "/").last ?? "") })
                texts.append("")
            }
            if !texts.isEmpty { texts[texts.count - 1] += " " + line.trimmingCharacters(in: .whitespaces) }
        }
        var options: [String: DescribedOption] = [:]
        for (names, text) in zip(names, texts) where !names.contains("--help") && !names.contains("--version") {
            for name in names { options[name] = described(text) }
        }
        return options
    }

    /// `.It Fl f , -foreground`, and lines up to the next item.
    private func describedByManual() throws -> [String: DescribedOption] {
        let text = try source("man/twiliofs.1")
        let start = try #require(text.range(of: ".Ss Options of mount")?.lowerBound)
        let end = try #require(text.range(of: ".Ss Options of unmount")?.lowerBound)
        var options: [String: DescribedOption] = [:]
        for item in text[start..<end].components(separatedBy: "\n.It Fl ").dropFirst() {
            let lines = item.split(separator: "\n", omittingEmptySubsequences: false)
            // Macros, and the blank before a full stop, are layout.
            let words = lines.dropFirst().map { $0.replacing(#/^\.[A-Z][a-z] /#, with: "").replacing(" .", with: ".") }
            let names = lines[0].components(separatedBy: " , ").compactMap { $0.split(separator: " ").first }
            for name in names { options["-\(name)"] = described(words.joined(separator: " ")) }
        }
        return options
    }

    /// A row of the table: options, default, variables.
    private func describedByTable() throws -> [String: DescribedOption] {
        let text = try source("doc/OPTIONS.md")
        let table = try #require(text.components(separatedBy: "| option | default | environment |\n").last)
        var options: [String: DescribedOption] = [:]
        for row in table.split(separator: "\n", omittingEmptySubsequences: false).dropFirst() {
            guard row.hasPrefix("|") else { break }
            let cells = row.replacing("\\|", with: "/").split(separator: "|", omittingEmptySubsequences: false)
                .map { $0.trimmingCharacters(in: .whitespaces) }
            try #require(cells.count == 5, "\(row)")
            let value = cells[2].replacing("`", with: "")
            let option = DescribedOption(
                defaultValue: try #/^[a-z0-9]\w*$/#.firstMatch(in: value).map { String($0.0) },
                variables: Set(cells[3].matches(of: Self.variable).map { String($0.0) }))
            for name in cells[1].matches(of: #/`(--?[a-z-]+)/#) { options[String(name.1)] = option }
        }
        return options
    }

    /// What a description says of default and variables.
    private func described(_ text: String) -> DescribedOption {
        DescribedOption(
            defaultValue: text.firstMatch(of: #/[Dd]efault:\s+([a-z0-9]\w*)(?:[.,;)]|$)/#).map { String($0.1) },
            variables: Set(text.matches(of: Self.variable).map { String($0.0) }))
    }

    private func source(_ path: String) throws -> String {
        try String(contentsOf: BuiltPrograms.package.appending(path: path), encoding: .utf8)
    }
}
