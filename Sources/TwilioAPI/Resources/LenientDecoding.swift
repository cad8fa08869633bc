import Support

/// Reading fields that any resource may leave out, set to null, or give in another type than documented.
extension KeyedDecodingContainer {
    /// The field as a string; a number counts as its digits; nil when it is absent, null, empty or something else.
    func lenientString(_ key: Key) -> String? {
        if let text = try? decodeIfPresent(String.self, forKey: key) {
            return text.isEmpty ? nil : text
        }
        if let number = try? decodeIfPresent(Int64.self, forKey: key) {
            return String(number)
        }
        return nil
    }

    /// The field as ``lenientString(_:)``, as clean and short as every text from outside: for what people are shown.
    func shownString(_ key: Key) -> String? {
        lenientString(key).map { ForeignText($0).description }
    }

    /// The field as a whole number; a string of digits counts; nil when it is absent, null or something else.
    func lenientInteger(_ key: Key) -> Int64? {
        if let number = try? decodeIfPresent(Int64.self, forKey: key) {
            return number
        }
        return (try? decodeIfPresent(String.self, forKey: key)).flatMap { Int64($0) }
    }
}
