/// An error with a message for people and the error that caused it.
///
/// Its description is its ``Swift/Error/explanation``, so every log line and message includes the causes.
public protocol CausedError: Error, Sendable, CustomStringConvertible {
    /// One sentence: the failure, the thing concerned, and the remedy.
    var message: String { get }
    /// The error behind this one.
    var cause: (any Error)? { get }
    /// The fields that this error adds to a log line, by name: `host`, `recording`.
    var fields: [String: String] { get }
    /// Whether the work is merely unwanted: it was cancelled, or the mount ends.
    var endsUnwantedWork: Bool { get }

    /// Whether a text already says the same as this error in other words; the error's causes don't count.
    ///
    /// - Parameter text: The messages of the errors that this one caused; never empty.
    func isTold(in text: String) -> Bool
}

extension CausedError {
    /// No cause.
    public var cause: (any Error)? { nil }
    /// No fields.
    public var fields: [String: String] { [:] }
    /// No: the work failed.
    public var endsUnwantedWork: Bool { false }
    /// No: only a repetition of the error's own words says the same.
    public func isTold(in text: String) -> Bool { false }
    /// The messages of this error and of its causes.
    public var description: String { explanation }
}

extension Error {
    /// The messages of this error and of its causes, joined by colons, without repetitions.
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

    /// The fields of this error and of its causes; outer errors take precedence.
    public var chainedFields: [String: String] {
        chain.compactMap { ($0 as? any CausedError)?.fields }.reduce(into: [:]) { all, fields in
            all.merge(fields) { outer, _ in outer }
        }
    }

    /// Whether this error or one of its causes means that the work is unwanted.
    public var isCancellation: Bool {
        chain.contains { ($0 as? any CausedError)?.endsUnwantedWork ?? false }
    }

    /// This error and its causes, outermost first; ten at most.
    private var chain: [any Error] {
        var errors: [any Error] = [self]
        while errors.count < 10, let cause = (errors.last as? any CausedError)?.cause { errors.append(cause) }
        return errors
    }
}
