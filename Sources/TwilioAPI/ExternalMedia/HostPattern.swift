/// The name of a host that may be asked for media, or `*.` and a domain, which stands for all hosts below it.
public struct HostPattern: Hashable, Sendable {
    private let name: String
    private let coversSubdomains: Bool

    /// Reads a pattern; nil for a text that is neither a host's name nor `*.` and a domain of two names or more.
    public init?(_ text: String) {
        coversSubdomains = text.hasPrefix("*.")
        name = String(coversSubdomains ? text.dropFirst(2) : text[...]).lowercased()
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        let isName = labels.allSatisfy { label in
            !label.isEmpty
                && label.utf8.allSatisfy { $0.isSmallLetter || $0.isDigit || "-_".utf8.contains($0) }
        }
        guard isName, !coversSubdomains || labels.count >= 2 else { return nil }
    }

    /// Whether the pattern covers a host, written in small letters.
    func covers(_ host: String) -> Bool { coversSubdomains ? host.hasSuffix(".\(name)") : host == name }
}
