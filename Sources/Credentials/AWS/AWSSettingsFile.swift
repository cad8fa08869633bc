/// A file of settings of the AWS tools: `~/.aws/credentials` or `~/.aws/config`.
///
/// Sections in brackets, `name = value` in each line, comments that begin with `#` or `;`. A line that stands further
/// in than the setting above belongs to that, which then is none of those wanted here. Sources: AWS SDKs and Tools
/// Reference Guide, "Shared config and credentials files"; botocore, which reads them with Python's `configparser`.
struct AWSSettingsFile {
    private var sections: [String: [String: String]] = [:]

    /// Reads a file's text; what it doesn't understand it leaves out.
    ///
    /// - Parameter isConfiguration: Whether the sections of profiles are named `[profile NAME]`, except `[default]`.
    init(_ text: String, isConfiguration: Bool) {
        var section: String?
        /// How far in the last setting stands; nil after the beginning of a section.
        var indent: Int?
        for line in text.split(whereSeparator: \.isNewline) {
            let content = line.drop { $0.isWhitespace }
            guard let first = content.first, first != "#", first != ";" else { continue }
            let depth = line.count - content.count
            if let indent, depth > indent { continue }
            if first == "[" {
                indent = nil
                section = Self.profile(content, isConfiguration: isConfiguration)
                if let section, sections[section] == nil { sections[section] = [:] }
            } else if let mark = content.firstIndex(where: { $0 == "=" || $0 == ":" }) {
                indent = depth
                guard let section else { continue }
                let name = Self.trimmed(content[..<mark]).lowercased()
                sections[section]?[name] = Self.trimmed(content[content.index(after: mark)...])
            }
        }
    }

    /// The settings of a profile; nil when the file doesn't have it.
    func settings(of profile: String) -> [String: String]? { sections[profile] }

    /// The name of a profile in the line that begins its section; nil for other sections.
    private static func profile(_ line: Substring, isConfiguration: Bool) -> String? {
        guard let end = line.firstIndex(of: "]") else { return nil }
        var name = trimmed(line[line.index(after: line.startIndex)..<end])
        guard isConfiguration else { return name }
        if name == "default" { return name }
        let words = name.split(maxSplits: 1, whereSeparator: \.isWhitespace)
        guard words.count == 2, words[0] == "profile" else { return nil }
        name = trimmed(words[1])
        if name.count >= 2, let quote = name.first, quote == "\"" || quote == "'", name.last == quote {
            name = String(name.dropFirst().dropLast())
        }
        return name
    }

    private static func trimmed(_ text: Substring) -> String {
        let start = text.drop { $0.isWhitespace }
        return String(start.reversed().drop { $0.isWhitespace }.reversed())
    }
}
