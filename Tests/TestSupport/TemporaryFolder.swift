public import Foundation

/// A folder of its own, removed after the test that made it, or later with the last reference to it.
public final class TemporaryFolder: Sendable {
    /// Where it is; there are no symbolic links in the path.
    public let url: URL

    /// Makes an empty folder.
    public init() throws {
        url = try TestRun.shared.folder.appending(path: "folder-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
        TestScope.current?.keep(self)
    }

    deinit {
        try? FileManager.default.removeItem(at: url)
    }

    /// A new path in the folder that all tests of the process share: what is there is removed when the process ends.
    public static func pathOfRun() throws -> String {
        try TestRun.shared.folder.appending(path: UUID().uuidString).path
    }

    /// The path of something in the folder, whether or not it exists.
    public func path(_ name: String) -> String {
        url.appending(path: name).path
    }

    /// Makes a file.
    ///
    /// - Returns: its path.
    @discardableResult
    public func file(_ name: String, _ text: String) throws -> String {
        try file(name, Data(text.utf8))
    }

    /// Makes a file, and the folders that its name has.
    ///
    /// - Returns: its path.
    @discardableResult
    public func file(_ name: String, _ content: some DataProtocol) throws -> String {
        let file = url.appending(path: name)
        try FileManager.default.createDirectory(
            at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(content).write(to: file)
        return file.path
    }

    /// Makes a file that only the user can access, in one step in the place of one that is there.
    ///
    /// So do programs that replace secrets: a half-written one is never there.
    ///
    /// - Returns: its path.
    @discardableResult
    public func secretFile(_ name: String, _ text: String) throws -> String {
        let (new, path) = (try file(name + ".new", text), path(name))
        guard chmod(new, 0o600) == 0, rename(new, path) == 0 else { throw CommandError("'\(path)' can't be replaced") }
        return path
    }

    /// Makes a folder in the folder.
    ///
    /// - Returns: its path.
    @discardableResult
    public func folder(_ name: String) throws -> String {
        try FileManager.default.createDirectory(at: url.appending(path: name), withIntermediateDirectories: true)
        return path(name)
    }
}
