import Foundation
import Testing

@testable import FileSystem
@testable import FileTree

@Suite("Errors of the tree as errnos")
struct ErrorNumberTests {
    @Test(
        "each error of the tree has the errno that programs expect",
        arguments: [
            (.notFound, ENOENT), (.stale, ESTALE), (.isDirectory, EISDIR), (.notDirectory, ENOTDIR),
            (.readOnly, EROFS), (.permissionDenied, EACCES), (.keyNotHeld, ENOKEY),
            (.noAttribute, ENODATA), (.inputOutput, EIO),
        ] as [(FileTreeError.Code, Int32)])
    func table(code: FileTreeError.Code, number: Int32) {
        #expect(ErrorNumber(FileTreeError(code, "")).rawValue == number)
    }

    @Test("what isn't the tree's fault has its errno too")
    func others() {
        #expect(ErrorNumber.readOnly.rawValue == EROFS)
        #expect(ErrorNumber.deadline.rawValue == EIO)
        #expect(ErrorNumber.interrupted.rawValue == EINTR)
        #expect(ErrorNumber.range.rawValue == ERANGE)
        #expect(ErrorNumber.inputOutput.rawValue == EIO)
        #expect(ErrorNumber.invalid.rawValue == EINVAL)
    }
}
