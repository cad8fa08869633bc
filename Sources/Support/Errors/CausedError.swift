/// An error that says what is wrong in a sentence, and knows the error behind it.
///
/// Printed, it is its ``Swift/Error/explanation``: so whoever logs or shows it in whatever way gets the causes as well.
public protocol CausedError: Error, Sendable, CustomStringConvertible {
    /// One sentence that says what is wrong, with which thing, and what to do.
    var message: String { get }

    /// The error behind this one.
    var cause: (any Error)? { get }

    /// What a log line has as fields besides the sentence, by name: `host`, `recording`.
    var fields: [String: String] { get }

    /// Whether it says no more than that nobody wants the work any more: it was cancelled, or the mount ends.
    var endsUnwantedWork: Bool { get }

    /// Whether a text tells in other words what this error says, without the errors behind it.
    ///
    /// - Parameter text: the sentences of the errors that it is behind; never empty.
    func isTold(in text: String) -> Bool
}

extension CausedError {
    /// Nothing is behind it.
    public var cause: (any Error)? { nil }

    /// It adds no field.
    public var fields: [String: String] { [:] }

    /// Something went wrong.
    public var endsUnwantedWork: Bool { false }

    /// What it says is told in its own words alone.
    public func isTold(in text: String) -> Bool { false }

    /// The sentences of this error and of those behind it.
    public var description: String { explanation }
}

extension Error {
    /// The sentences of this error and of those behind it, joined by colons; what is told already isn't told again.
    public var explanation: String {
        var text = ""
        for error in chain {
            let caused = error as? any CausedError
            var sentence = caused?.message ?? "\(error)"
            if sentence.hasSuffix(".") { sentence.removeLast() }
            if sentence.isEmpty || text.contains(sentence) { continue }
            if !text.isEmpty, caused?.isTold(in: text) ?? false { continue }
            text += text.isEmpty ? sentence : ": \(sentence)"
        }
        return text
    }

    /// The fields of this error and of those behind it; where both have one, this one's.
    public var chainedFields: [String: String] {
        chain.compactMap { ($0 as? any CausedError)?.fields }.reduce(into: [:]) { all, fields in
            all.merge(fields) { outer, _ in outer }
        }
    }

    /// Whether this error, or one behind it, says that nobody wants the work any more.
    public var isCancellation: Bool {
        chain.contains { ($0 as? any CausedError)?.endsUnwantedWork ?? false }
    }

    /// This error and those behind it, from the outermost to the first; no more than a person reads.
    private var chain: [any Error] {
        var errors: [any Error] = [self]
        while errors.count < 10, let cause = (errors.last as? any CausedError)?.cause { errors.append(cause) }
        return errors
    }
}
