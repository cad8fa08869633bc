/// The error codes of one module: the reasons by which its callers decide, and the properties of each.
///
/// A module names its error type: `typealias MediaError = CodedError<MediaErrorCode>`.
public protocol ErrorCode: Hashable, Sendable {
    /// The data of an error besides its message: the recording, the status of a response.
    associatedtype Details: Sendable = Void

    /// Whether the work is merely unwanted: it was cancelled, or the mount ends.
    var endsUnwantedWork: Bool { get }
    /// Whether only a mistake in this program's source can cause the error.
    var isProgrammingMistake: Bool { get }

    /// The log fields from an error's details, by name: `host`, `recording`.
    static func fields(of error: CodedError<Self>) -> [String: String]

    /// Whether a text already says the same as an error in other words; the error's causes don't count.
    ///
    /// - Parameter text: The messages of the errors that `error` caused; never empty.
    static func isTold(_ error: CodedError<Self>, in text: String) -> Bool
}

extension ErrorCode {
    /// No: the work failed.
    public var endsUnwantedWork: Bool { false }
    /// No: the cause is outside of this program.
    public var isProgrammingMistake: Bool { false }
    /// No fields.
    public static func fields(of error: CodedError<Self>) -> [String: String] { [:] }
    /// No: only a repetition of the error's own words says the same.
    public static func isTold(_ error: CodedError<Self>, in text: String) -> Bool { false }
}

/// An error with a code, a sentence, a remedy, details and a cause.
///
/// Its description is its message and those of its causes. No sentence may contain a secret.
public struct CodedError<Kind: ErrorCode>: CausedError, CustomDebugStringConvertible {
    /// The error's codes.
    public typealias Code = Kind

    /// The reason, by which callers decide.
    public let code: Code
    /// The failure and the thing concerned.
    public let fact: String
    /// The remedy, where it is a clause of its own.
    public let remedy: String?
    /// The code's data: the recording, the response that refused.
    public package(set) var details: Kind.Details
    /// The error behind this one.
    public let cause: (any Error)?
    /// The source location of a programming mistake; nil for all other errors.
    public let location: String?

    /// Makes an error.
    ///
    /// - Parameters:
    ///   - fact: One sentence: the failure, the thing concerned, and the remedy if `remedy` is nil.
    ///   - file: The source file that makes the error; likewise `line`.
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

    /// The failure, the thing concerned, and the remedy.
    public var message: String { fact.followed(by: remedy) }

    /// The fields of the details, and the location of a programming mistake.
    public var fields: [String: String] {
        var fields = Kind.fields(of: self)
        fields["location"] = location
        return fields
    }

    /// Whether the code says that the work is merely unwanted.
    public var endsUnwantedWork: Bool { code.endsUnwantedWork }

    /// Whether a text already says the same in other words; the code decides.
    public func isTold(in text: String) -> Bool { Kind.isTold(self, in: text) }

    /// The description alone, since the details may hold secrets.
    public var debugDescription: String { description }
}

extension CodedError where Kind.Details == Void {
    /// Makes an error without details; the parameters are those of the other initializer.
    public init(
        _ code: Code, _ fact: String, remedy: String? = nil, cause: (any Error)? = nil,
        file: StaticString = #fileID, line: UInt = #line
    ) {
        self.init(code, fact, remedy: remedy, details: (), cause: cause, file: file, line: line)
    }
}

extension String {
    /// Appends a remedy: a further sentence after a full stop, else a clause after a colon.
    package func followed(by remedy: String?) -> String {
        guard let remedy else { return self }
        return hasSuffix(".") ? "\(self) \(remedy)" : "\(self): \(remedy)"
    }
}
