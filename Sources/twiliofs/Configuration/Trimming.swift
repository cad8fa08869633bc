extension StringProtocol {
    /// The text without surrounding white space, line ends and byte order marks, which files and shells leave.
    var trimmed: String {
        let isBlank = { (character: Character) in character.isWhitespace || character == "\u{FEFF}" }
        guard let first = firstIndex(where: { !isBlank($0) }), let last = lastIndex(where: { !isBlank($0) }) else {
            return ""
        }
        return String(self[first...last])
    }
}
