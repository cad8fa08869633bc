public import Foundation

/// The programs that were built with the tests.
public enum BuiltPrograms {
    /// The folder of the test bundle, where the build puts programs as well.
    private static let folder = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()

    /// The path of `twiliofs`.
    public static let twiliofs = folder.appending(path: "twiliofs").path

    /// The path of `twilio-simulator`.
    public static let simulator = folder.appending(path: "twilio-simulator").path

    /// The path of `cache-exerciser`.
    public static let cacheExerciser = folder.appending(path: "cache-exerciser").path

    /// The folder of the package.
    public static let package = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Where the build keeps what it makes: the place for what tests make once.
    static let cache = package.appending(path: ".build/test-media")
}
