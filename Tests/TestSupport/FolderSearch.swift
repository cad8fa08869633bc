import Foundation
import Glibc

/// Looks for texts in files and folders while programs write there.
///
/// A file that goes while it is looked at, such as a database's journal, is no error, as it is for `grep`.
public enum FolderSearch {
    /// The beginning of each SQLite database: a cache folder has a catalog, so a search of one finds it.
    public static let database = "SQLite format 3"

    /// The places where some texts are.
    ///
    /// - Parameters:
    ///   - paths: files, and folders with all that is in them; symbolic links aren't followed.
    ///   - control: a text that must be there; without it, a search that finds nothing would prove nothing.
    /// - Returns: a line for each file and text.
    public static func places(
        of texts: some Sequence<String>, in paths: String..., control: String = database
    ) throws -> [String] {
        let texts = Set(texts)
        guard !texts.isEmpty, !texts.contains(where: \.isEmpty) else { throw CommandError("there is nothing to find") }
        var search = Search(texts: texts, control: control)
        for path in paths { try search.look(at: path) }
        guard search.hasFoundControl else {
            throw CommandError("the search didn't even find '\(control)' in \(paths): it had nothing to look at")
        }
        return search.places.sorted()
    }

    private struct Search {
        let texts: Set<String>
        let control: String
        var hasFoundControl = false
        var places: [String] = []

        mutating func look(at path: String) throws {
            var status = stat()
            guard lstat(path, &status) == 0 else { return try expectGone(path) }
            switch status.st_mode & S_IFMT {
            case S_IFDIR:
                guard let names = try? FileManager.default.contentsOfDirectory(atPath: path) else {
                    return try expectGone(path)
                }
                for name in names { try look(at: "\(path)/\(name)") }
            case S_IFREG:
                guard let content = try? Data(contentsOf: URL(filePath: path)) else { return try expectGone(path) }
                hasFoundControl = hasFoundControl || content.contains(text: control)
                for text in texts where content.contains(text: text) { places.append("\(path) has '\(text)'") }
            default: break
            }
        }

        private func expectGone(_ path: String) throws {
            var status = stat()
            guard lstat(path, &status) != 0, errno == ENOENT else { throw CommandError("'\(path)' can't be read") }
        }
    }
}

extension Data {
    /// Whether the bytes of a text, which isn't empty, are in it.
    fileprivate func contains(text: String) -> Bool {
        let text = Array(text.utf8)
        return withUnsafeBytes { bytes in
            // The C library looks for the first byte: a loop over all bytes is slow in a debug build.
            var offset = 0
            while let start = bytes.baseAddress, bytes.count - offset >= text.count {
                let last = bytes.count - text.count
                guard let found = memchr(start + offset, Int32(text[0]), last - offset + 1) else { return false }
                if memcmp(found, text, text.count) == 0 { return true }
                offset = UnsafeRawPointer(found) - start + 1
            }
            return false
        }
    }
}
