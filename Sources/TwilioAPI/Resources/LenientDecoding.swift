import Support

/// Decodes fields that a resource may omit, set to null, or give in another type than documented.
extension KeyedDecodingContainer {
    /// The field as a string; a number becomes its digits; nil when absent, null, empty or of another type.
    func lenientString(_ key: Key) -> String? {
        if let text = try? decodeIfPresent(String.self, forKey: key) { return text.isEmpty ? nil : text }
        return (try? decodeIfPresent(Int64.self, forKey: key)).flatMap { String($0) }
    }

    /// The field as a ``lenientString(_:)``, cleaned and truncated for display.
    func shownString(_ key: Key) -> String? { lenientString(key).map { ForeignText($0).description } }

    /// The field as a whole number; digits in a string count; nil when absent, null or of another type.
    func lenientInteger(_ key: Key) -> Int64? {
        if let number = try? decodeIfPresent(Int64.self, forKey: key) { return number }
        return (try? decodeIfPresent(String.self, forKey: key)).flatMap { Int64($0) }
    }
}
