import ArgumentParser

extension ArgumentHelp {
    /// The help of an option with a value.
    ///
    /// - Parameters:
    ///   - name: The name of the value, which tells its unit: `size`, `seconds`.
    ///   - standard: The default, where the help names it.
    ///   - note: A further sentence.
    static func value(
        _ name: String, _ text: String, default standard: String? = nil, note: String? = nil
    ) -> ArgumentHelp {
        let sentences = [standard.map { "Default: \($0)." }, note].compactMap(\.self)
        let discussion = sentences.isEmpty ? nil : sentences.joined(separator: " ")
        return ArgumentHelp(text, discussion: discussion, valueName: name)
    }
}
