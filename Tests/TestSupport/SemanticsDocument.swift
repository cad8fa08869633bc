import Foundation

/// The promises in `doc/semantics.md`.
public struct SemanticsDocument {
    /// The sentences in bold at the beginning of list items, without full stops.
    public let promises: [String]

    private let lines: [Substring]

    /// Reads the document.
    public init() throws {
        let file = BuiltPrograms.package.appending(path: "doc/semantics.md")
        lines = try String(contentsOf: file, encoding: .utf8).split(separator: "\n", omittingEmptySubsequences: false)
        var items: [String] = []
        for line in lines {
            if line.hasPrefix("- **") {
                items.append(String(line))
            } else if line.hasPrefix("  "), let last = items.popLast() {
                items.append(last + line.dropFirst())
            }
        }
        promises = items.compactMap { item in
            let parts = item.components(separatedBy: "**")
            guard parts.count > 2 else { return nil }
            let sentence = parts[1].replacing("`", with: "")
            return sentence.hasSuffix(".") ? String(sentence.dropLast()) : sentence
        }
    }

    /// The cells of the table whose first column has a title, by the titles of the columns.
    ///
    /// - Parameter others: titles of further columns that it has.
    public func table(_ title: String, with others: String...) -> [[String: String]] {
        let isHeader = { (cells: [String]) in
            cells.first == title && others.allSatisfy(cells.contains)
        }
        guard let start = lines.firstIndex(where: { isHeader(Self.cells($0)) }) else { return [] }
        let titles = Self.cells(lines[start])
        return lines.dropFirst(start + 2).prefix { $0.hasPrefix("|") }.map { line in
            Dictionary(zip(titles, Self.cells(line))) { $1 }
        }
    }

    private static func cells(_ line: Substring) -> [String] {
        line.split(separator: "|", omittingEmptySubsequences: false).dropFirst().dropLast()
            .map { $0.trimmingCharacters(in: .whitespaces) }
    }

    /// The words of code in a cell.
    public static func words(in cell: String?) -> [String] {
        (cell ?? "").components(separatedBy: "`").enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
    }
}
