import Foundation
import TestSupport
import Testing

@testable import FileSystem
@testable import FileTree

@Suite("Errors of the tree as errnos", .orderly)
struct ErrorNumberTests {
    @Test(
        "Each error of the tree has the errno that programs expect",
        arguments: [
            (.notFound, ENOENT), (.stale, ESTALE), (.isDirectory, EISDIR), (.notDirectory, ENOTDIR), (.invalid, EINVAL),
            (.readOnly, EROFS), (.permissionDenied, EACCES), (.keyNotHeld, ENOKEY),
            (.noAttribute, ENODATA), (.inputOutput, EIO),
        ] as [(FileTreeError.Code, Int32)])
    func table(code: FileTreeError.Code, number: Int32) {
        #expect(ErrorNumber(FileTreeError(code, "")).rawValue == number)
    }

    @Test("What isn't the tree's fault has its errno too")
    func others() {
        #expect(ErrorNumber.readOnly.rawValue == EROFS)
        #expect(ErrorNumber.deadline.rawValue == EIO)
        #expect(ErrorNumber.interrupted.rawValue == EINTR)
        #expect(ErrorNumber.range.rawValue == ERANGE)
        #expect(ErrorNumber.inputOutput.rawValue == EIO)
    }

    @Test("Each errno that programs are told has the name that Python knows it by")
    func names() throws {
        let codes: [FileTreeError.Code] = [
            .notFound, .stale, .isDirectory, .notDirectory, .readOnly, .permissionDenied, .keyNotHeld, .noAttribute,
            .inputOutput, .invalid,
        ]
        let numbers =
            codes.map { ErrorNumber(FileTreeError($0, "")) }
            + [.readOnly, .deadline, .interrupted, .range, .inputOutput]
        let names = try Python.run("errno_names", numbers.map { "\($0.rawValue)" }).lines
        #expect(numbers.map(\.name) == names)
    }

    @Test("Errors are counted by their name")
    func counts() {
        let counts = ErrorCounts()
        #expect(counts.byName.isEmpty)
        for error in [ErrorNumber.deadline, .inputOutput, .range] { counts.count(error) }
        #expect(counts.byName == ["EIO": 2, "ERANGE": 1])
    }
}
