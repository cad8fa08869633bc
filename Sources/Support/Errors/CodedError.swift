/// The codes of one module's errors: the reasons that code decides by, and the facts that follow from them.
///
/// A module's error is such an enum and a name: `typealias MediaError = CodedError<MediaErrorCode>`.
public protocol ErrorCode: Hashable, Sendable {
    /// What an error with such a code carries besides its sentence: the recording, the status of an answer.
    associatedtype Details: Sendable = Void

    /// Whether the work is merely unwanted: it was cancelled, or the mount ends.
    var endsUnwantedWork: Bool { get }

    /// Whether only a mistake in this program's source can lead to it.
    var isProgrammingMistake: Bool { get }

    /// The fields that a log line gets from an error's details, by name: `host`, `recording`.
    static func fields(of error: CodedError<Self>) -> [String: String]

    /// Whether a text says in other words what an error says, without the errors behind it.
    ///
    /// - Parameters:
    ///   - error: The error.
    ///   - text: The sentences of the errors that it is behind; never empty.
    static func isTold(_ error: CodedError<Self>, in text: String) -> Bool
}

extension ErrorCode {
    /// No: something failed.
    public var endsUnwantedWork: Bool { false }

    /// No: the cause is outside of this program.
    public var isProgrammingMistake: Bool { false }

    /// None.
    public static func fields(of error: CodedError<Self>) -> [String: String] { [:] }

    /// No: only the error's own words say it.
    public static func isTold(_ error: CodedError<Self>, in text: String) -> Bool { false }
}

/// An error with a code, a sentence, the error behind it, and what else its code calls for.
///
/// Printed, it is its sentence and those of its causes. Nothing in a sentence may be a secret.
public struct CodedError<Kind: ErrorCode>: CausedError, CustomDebugStringConvertible {
    /// The reasons for such an error.
    public typealias Code = Kind

    /// The reason, for code that decides by it.
    public let code: Code

    /// What is wrong, and with which thing.
    public let fact: String

    /// What to do about it, where that is a clause of its own.
    public let remedy: String?

    /// What the code calls for besides: the recording, the answer that refused.
    public package(set) var details: Kind.Details

    /// The error behind this one.
    public let cause: (any Error)?

    /// The place in the source that found a programming mistake; nil for all other errors.
    public let location: String?

    /// Makes an error.
    ///
    /// - Parameters:
    ///   - code: The reason.
    ///   - fact: One sentence that says what is wrong, with which thing, and what to do if `remedy` doesn't say that.
    ///   - remedy: What to do about it.
    ///   - details: What the code calls for besides.
    ///   - cause: The error behind this one.
    ///   - file: The source file that makes it.
    ///   - line: The line that makes it.
    public init(
        _ code: Code, _ fact: String, remedy: String? = nil, details: Kind.Details, cause: (any Error)? = nil,
        file: StaticString = #fileID, line: UInt = #line
    ) {
        self.code = code
        self.fact = fact
        self.remedy = remedy
        self.details = details
        self.cause = cause
        location = code.isProgrammingMistake ? "\(file):\(line)" : nil
    }

    /// What is wrong, with which thing, and what to do.
    public var message: String { fact.followed(by: remedy) }

    /// Those of the details, and the place of a programming mistake.
    public var fields: [String: String] {
        var fields = Kind.fields(of: self)
        fields["location"] = location
        return fields
    }

    /// Whether the work is merely unwanted, as the code says.
    public var endsUnwantedWork: Bool { code.endsUnwantedWork }

    /// Whether a text says it in other words, by the code's rule.
    public func isTold(in text: String) -> Bool { Kind.isTold(self, in: text) }

    /// The same as the description: the details may hold what must not be printed.
    public var debugDescription: String { description }
}

extension CodedError where Kind.Details == Void {
    /// Makes an error that carries nothing besides.
    ///
    /// - Parameters:
    ///   - code: The reason.
    ///   - fact: One sentence that says what is wrong, with which thing, and what to do if `remedy` doesn't say that.
    ///   - remedy: What to do about it.
    ///   - cause: The error behind this one.
    ///   - file: The source file that makes it.
    ///   - line: The line that makes it.
    public init(
        _ code: Code, _ fact: String, remedy: String? = nil, cause: (any Error)? = nil,
        file: StaticString = #fileID, line: UInt = #line
    ) {
        self.init(code, fact, remedy: remedy, details: (), cause: cause, file: file, line: line)
    }
}

extension String {
    /// The sentence with a remedy: a further sentence after a full stop, else a clause after a colon.
    package func followed(by remedy: String?) -> String {
        guard let remedy else { return self }
        return hasSuffix(".") ? "\(self) \(remedy)" : "\(self): \(remedy)"
    }
}
