import Foundation
import Glibc

/// What all tests of a process share: a folder, and a guardian that cleans up when the process has ended, however it
/// did.
///
/// A test that fails unmounts all the same. Only a test process that is killed can't, and a mount that is left would
/// make programs hang that look at it; so another process waits for the end of this one.
final class TestRun: Sendable {
    private static let attempt = Result { try TestRun() }

    /// The process's own; made when first asked for.
    static var shared: TestRun {
        get throws { try attempt.get() }
    }

    /// The folder in which all temporary files are.
    ///
    /// Everybody may pass through it, since some tests run as another user.
    let folder: URL

    /// The end of our process closes it, and the guardian's `cat` ends.
    private let input = Pipe()

    private init() throws {
        var template = Array("/tmp/twiliofs-tests-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil, chmod(template, 0o755) == 0 else {
            throw CommandError("the folder for temporary files can't be made: \(String(cString: strerror(errno)))")
        }
        let path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
        folder = URL(filePath: path, directoryHint: .isDirectory)

        let script = #"""
            cat >/dev/null
            awk -v root="$1/" 'index($2, root) == 1 { print $2 }' /proc/mounts |
                while read -r mount; do umount -l "$mount" || fusermount3 -uz "$mount"; done
            rm -rf --one-file-system "$1"
            """#
        _ = try Spawning.spawn(
            ["/bin/sh", "-c", script, "guardian", path], environment: ProcessInfo.processInfo.environment,
            folder: "/", input: input.fileHandleForReading.fileDescriptor, output: nil, errorOutput: nil,
            startsSession: true)
    }
}
