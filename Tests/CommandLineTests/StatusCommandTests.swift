import Foundation
import TestSupport
import Testing

@Suite("twiliofs status where there is no mount", .orderly)
struct StatusCommandTests {
    @Test(
        "A path that is in no mount of twiliofs ends with a sentence and status 10",
        arguments: ["/", "/proc", "/proc/self", ".", "..", "/tmp/../proc/.", "loop", "broken"])
    func noMount(path: String) throws {
        let folder = try TemporaryFolder()
        try Command.shell("ln -s loop loop; ln -s /nothing broken", directory: folder.url.path)
        let result = try Command.run([BuiltPrograms.twiliofs, "status", path], directory: folder.url.path)
        #expect(result.end == .exited(10))
        #expect(
            result.errorText
                == "twiliofs: '\(path)' is not in a mount of twiliofs: give the directory on which an account is mounted\n"
        )
        #expect(result.text == "")
    }

    @Test("A path that doesn't exist is said not to", arguments: ["/nothing/at/all", "nothing", "file/nothing"])
    func nothing(path: String) throws {
        let folder = try TemporaryFolder()
        try folder.file("file", "")
        let result = try Command.run([BuiltPrograms.twiliofs, "status", path], directory: folder.url.path)
        #expect(result.end == .exited(10))
        #expect(result.errorText.hasPrefix("twiliofs: there is no '\(path)': "), "\(result.errorText)")
    }

    @Test("Without a path it says how it is used")
    func usage() throws {
        let result = try Command.run([BuiltPrograms.twiliofs, "status"])
        #expect(result.end == .exited(64))
        #expect(result.errorText.contains("<mountpoint>"))
    }
}
