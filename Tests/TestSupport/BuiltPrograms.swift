public import Foundation

/// The programs that were built with the tests.
public enum BuiltPrograms {
    /// The folder of the test bundle, where the build puts programs as well.
    private static let folder = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()

    /// The path of `twiliofs`, in a folder that every user can reach: the build may be in one of root's alone, and some
    /// tests run the program as another user.
    public static let twiliofs = reachable("twiliofs")

    /// The path of `twilio-simulator`.
    public static let simulator = folder.appending(path: "twilio-simulator").path

    /// The path of `cache-exerciser`.
    public static let cacheExerciser = folder.appending(path: "cache-exerciser").path

    /// The path of `read-exerciser`.
    public static let readExerciser = folder.appending(path: "read-exerciser").path

    /// The folder of the package.
    public static let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// A program of the build under a path in the folder of this run; the build's own path when that can't be made.
    private static func reachable(_ name: String) -> String {
        let program = folder.appending(path: name)
        guard let run = try? TestRun.shared else { return program.path }
        let link = run.folder.appending(path: name)
        do {
            try FileManager.default.linkItem(at: program, to: link)
        } catch {
            // The build may be on another file system.
            guard (try? FileManager.default.copyItem(at: program, to: link)) != nil else { return program.path }
        }
        return link.path
    }

    /// Where the build keeps what it makes: the place for what tests make once.
    static let cache = package.appending(path: ".build/test-media")
}
