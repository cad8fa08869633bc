import Foundation
import Logging
import Media
import TestSupport
import Testing

@testable import FileSystem
@testable import FileTree

@Suite("Answers to requests that fail", .orderly)
struct ErrorAnswerTests {
    /// All reasons, in the order of the manual's table.
    private static let codes =
        Array(sequence(first: FileTreeErrorCode.notFound, next: next)).map(RequestErrorCode.tree)
        + MediaErrorCode.allCases.map { .tree(.media($0)) }
        + Array(sequence(first: RequestErrorCode.deadline, next: next))

    /// The reason of the tree after another; doesn't compile when one is missing.
    private static func next(_ code: FileTreeErrorCode) -> FileTreeErrorCode? {
        switch code {
        case .notFound: .stale
        case .stale: .isDirectory
        case .isDirectory: .notDirectory
        case .notDirectory: .invalid
        case .invalid: .readOnly
        case .readOnly: .refused
        case .refused: .noAttribute
        case .noAttribute: .inputOutput
        case .inputOutput, .media: nil
        }
    }

    /// The reason of a request after another; doesn't compile when one is missing.
    private static func next(_ code: RequestErrorCode) -> RequestErrorCode? {
        switch code {
        case .deadline: .interrupted
        case .interrupted: .smallBuffer
        case .smallBuffer, .tree: nil
        }
    }

    @Test(
        "Each error of the tree has the errno that programs expect",
        arguments: [
            (.notFound, ENOENT), (.stale, ESTALE), (.isDirectory, EISDIR), (.notDirectory, ENOTDIR), (.invalid, EINVAL),
            (.readOnly, EROFS), (.refused, EACCES), (.media(.keyNotHeld), ENOKEY),
            (.noAttribute, ENODATA), (.inputOutput, EIO), (.media(.changed), ESTALE),
            (.media(.authenticationFailed), EIO), (.media(.mediaMissing), EIO), (.media(.accessDenied), EACCES),
        ] as [(FileTreeErrorCode, Int32)])
    func table(code: FileTreeErrorCode, number: Int32) {
        #expect(ErrorAnswer(.tree(code)).number.rawValue == number)
    }

    @Test("What isn't the tree's fault has its errno too")
    func others() {
        #expect(ErrorAnswer(.deadline).number.rawValue == EIO)
        #expect(ErrorAnswer(.interrupted).number.rawValue == EINTR)
        #expect(ErrorAnswer(.smallBuffer).number.rawValue == ERANGE)
    }

    @Test(
        "Input/output errors are logged as errors, changes as information, missing keys for debugging, and few others")
    func levels() {
        let quiet: [RequestErrorCode] = [.tree(.media(.shutDown)), .tree(.media(.accessDenied))]
        for code in quiet { #expect(ErrorAnswer(code).level == .debug) }
        for answer in Self.codes.filter({ !quiet.contains($0) }).map({ ErrorAnswer($0) }) {
            switch answer.number.rawValue {
            case EIO: #expect(answer.level == .error, "\(answer.reason)")
            case ESTALE: #expect(answer.level == .info, "\(answer.reason)")
            case ENOKEY: #expect(answer.level == .debug, "\(answer.reason)")
            default: #expect(answer.level == nil, "\(answer.reason)")
            }
        }
    }

    @Test("Each errno that programs get has the name that Python knows it by")
    func names() throws {
        let numbers = Self.codes.map { ErrorAnswer($0).number }
        let names = try Python.run("errno_names", numbers.map { "\($0.rawValue)" }).lines
        #expect(numbers.map(\.name) == names)
    }

    @Test("The manual's table has the same reasons, errnos and levels")
    func manual() throws {
        let text = try String(contentsOf: BuiltPrograms.package.appending(path: "man/twiliofs.1"), encoding: .utf8)
        let section = try #require(text.components(separatedBy: ".Ss Errors of programs that use the files\n").last)
        let rows = section.components(separatedBy: "\n").filter { $0.hasPrefix(".It ") && $0.contains(" Ta Er ") }
        let expected = Self.codes.map { code in
            let answer = ErrorAnswer(code)
            let level = answer.level.map { "Cm \($0)" } ?? "\\(en"
            return ".It \(answer.reason) Ta Er \(answer.number.name) Ta \(level)"
        }
        #expect(rows == expected)
    }

    @Test("The rows of semantics.md have reasons of the table, with their errnos and levels")
    func semantics() throws {
        let rows = try SemanticsDocument().table("failure", with: "reason", "error", "level")
        #expect(rows.count > 15)
        let expected = Dictionary(Self.codes.map { (ErrorAnswer($0).reason, ErrorAnswer($0)) }) { $1 }
        for row in rows where row["reason"] != "–" {
            let answer = try #require(expected[row["reason"] ?? ""], "\(row)")
            #expect(row["error"] == answer.number.name && row["level"] == answer.level.map { "\($0)" }, "\(row)")
        }
    }

    @Test("Each reason is one that errors are counted by")
    func all() {
        #expect(RequestErrorCode.allCases == Self.codes)
    }
}
