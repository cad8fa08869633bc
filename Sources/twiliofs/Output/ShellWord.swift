extension String {
    /// The text as one word of the shell, in apostrophes if it has special characters.
    var shellWord: String {
        let isPlain = unicodeScalars.allSatisfy {
            !$0.isASCII || $0.properties.isAlphabetic || $0.properties.numericType != nil
                || "/._-+,:@".unicodeScalars.contains($0)
        }
        return isPlain && !isEmpty ? self : "'" + replacing("'", with: "'\\''") + "'"
    }
}
