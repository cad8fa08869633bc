import Foundation
import TestSupport
import Testing

@Suite("twiliofs status where there is no mount", .orderly)
struct StatusCommandTests {
    @Test(
        "A path that is in no mount of twiliofs ends with a sentence and status 10",
        arguments: ["/", "/proc", "/proc/self", "/nothing/at/all", ".", "..", "/tmp/../proc/.", "loop", "broken"])
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

    @Test("Without a path it says how it is used")
    func usage() throws {
        let result = try Command.run([BuiltPrograms.twiliofs, "status"])
        #expect(result.end == .exited(64))
        #expect(result.errorText.contains("<mountpoint>"))
    }
}
