import Foundation

/// Holds a file's path, and the bytes it has to have.
struct ExercisedFile: Sendable {
    /// The path of the file that is read.
    let path: String
    /// What it was made of.
    let original: Data

    init(path: String, original: String) throws {
        self.path = path
        self.original = try Data(contentsOf: URL(filePath: original), options: .alwaysMapped)
    }

    /// The bytes that a read has to give: fewer than asked for only at the end.
    func expected(at offset: Int, count: Int) -> Data {
        let begin = min(offset, original.count)
        return original[(original.startIndex + begin)..<(original.startIndex + min(original.count, begin + count))]
    }
}
