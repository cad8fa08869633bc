import Foundation
import Testing

/// An option as one of the texts describes it.
struct DescribedOption {
    /// The name of its value in lower case, which tells its unit: `size`, `seconds`.
    var valueName: String?

    /// The values that it takes, where they are listed instead.
    var choices: Set<String> = []

    /// The default, where it is one word: a number, a size, a name.
    var defaultValue: String?

    /// The largest number that it takes.
    var limit: String?

    /// The variables of Twilio's and twiliofs's own that stand in its place.
    var variables: Set<String> = []

    /// The description.
    var text = ""

    /// Whether it takes a value.
    var takesValue: Bool { valueName != nil || !choices.isEmpty }

    /// Reads a value's name, `[voice:|video:][CR…=]file`, or a list of choices, `auto|strict`.
    ///
    /// - Parameter separator: stands between choices.
    mutating func readValue(_ text: String, separator: String) {
        let text = text.trimmingCharacters(in: .whitespaces)
        if text.contains(separator), !text.contains("[") {
            choices = Set(text.components(separatedBy: separator).map { $0.trimmingCharacters(in: .whitespaces) })
        } else if let word = text.split(whereSeparator: { "[]=:| ".contains($0) }).last {
            valueName = word.lowercased()
        }
    }

    /// Reads the default, the limit and the variables from a description.
    mutating func readText(_ text: String) {
        self.text = text
        defaultValue = text.firstMatch(of: #/[Dd]efault:\s+([a-z0-9]\w*)(?:[.,;)]|$)/#).map { String($0.1) }
        limit = text.firstMatch(of: #/[Aa]t most (\d+)/#).map { String($0.1) }
        variables = Self.variables(in: text)
    }

    /// The variables that a text names.
    static func variables(in text: some StringProtocol) -> Set<String> {
        Set(String(text).matches(of: #/TWILIO[A-Z_]+/#).map { String($0.0) })
    }
}

/// The text of `--help`.
enum OptionHelp {
    /// `  -f, --foreground  Text`, and lines that go on, further to the right.
    static func options(_ text: String) throws -> [String: DescribedOption] {
        let section = try #require(text.components(separatedBy: "OPTIONS:\n").last)
        var items: [(names: [String], value: String, text: String)] = []
        for line in section.split(separator: "\n") {
            if let head = try #/^  (-[^\s,]*(?:, -[^\s,]+)*)(?: <([^>]*)>)?(.*)/#.firstMatch(in: line) {
                // Of a pair, --probing/--no-probing, the second is the one that changes something.
                let names = head.1.components(separatedBy: ", ").map { String($0.split(separator: "/").last ?? "") }
                items.append((names, String(head.2 ?? ""), String(head.3)))
            } else if !items.isEmpty {
                items[items.count - 1].text += " " + line.trimmingCharacters(in: .whitespaces)
            }
        }
        var options: [String: DescribedOption] = [:]
        for item in items where !item.names.contains("--help") && !item.names.contains("--version") {
            var option = DescribedOption()
            option.readValue(item.value, separator: "\0")
            option.readText(item.text)
            for name in item.names { options[name] = option }
        }
        return options
    }
}

/// The manual, in mdoc.
enum OptionManual {
    /// `.It Fl f , -foreground`, and lines up to the next item.
    static func options(_ text: String) throws -> [String: DescribedOption] {
        let start = try #require(text.range(of: ".Ss Options of mount")?.lowerBound)
        let end = try #require(text.range(of: ".Ss Options of unmount")?.lowerBound)
        var options: [String: DescribedOption] = [:]
        for item in text[start..<end].components(separatedBy: "\n.It Fl ").dropFirst() {
            let lines = item.split(separator: "\n", omittingEmptySubsequences: false)
            let heads = lines[0].components(separatedBy: " , ")
            var option = DescribedOption()
            // What follows the last name: `Ar size`, `Cm auto | strict`.
            let value = (heads.last ?? "").split(separator: " ").dropFirst().joined(separator: " ")
            if let argument = value.components(separatedBy: "Ar ").last, value.contains("Ar ") {
                option.readValue(argument.replacing("\\[u2026]", with: "…"), separator: "\0")
            } else {
                option.readValue(value.replacing("Cm ", with: ""), separator: "|")
            }
            // Macros, and the blank before a full stop, are layout.
            let words = lines.dropFirst().map { $0.replacing(#/^\.[A-Z][a-z] /#, with: "").replacing(" .", with: ".") }
            option.readText(words.joined(separator: " "))
            for name in heads.compactMap({ $0.split(separator: " ").first }) { options["-\(name)"] = option }
        }
        return options
    }
}

/// The table of options, in Markdown.
enum OptionTable {
    static let heading = "| option | default | environment |\n"

    /// Rows: options with their values, default, variables.
    static func options(_ text: String) throws -> [String: DescribedOption] {
        let table = try #require(text.components(separatedBy: heading).last)
        var options: [String: DescribedOption] = [:]
        for row in table.split(separator: "\n", omittingEmptySubsequences: false).dropFirst() {
            guard row.hasPrefix("|") else { break }
            let cells = row.replacing("\\|", with: "\0").split(separator: "|", omittingEmptySubsequences: false)
                .map { $0.trimmingCharacters(in: .whitespaces) }
            try #require(cells.count == 5, "\(row)")
            let heads = cells[1].matches(of: #/`(--?[a-z0-9-]+)(?: ([^`]*))?`/#)
            let defaultValue = try #/^[a-z0-9]\w*$/#.firstMatch(in: cells[2].replacing("`", with: ""))
            for head in heads {
                var option = DescribedOption()
                // `--uid`, `--gid NUMBER` have one in common.
                let value = head.2 ?? heads.compactMap(\.2).last ?? ""
                option.readValue(String(value), separator: "\0")
                option.defaultValue = defaultValue.map { String($0.0) }
                option.variables = DescribedOption.variables(in: cells[3])
                option.text = cells[1]
                options[String(head.1)] = option
            }
        }
        return options
    }
}
