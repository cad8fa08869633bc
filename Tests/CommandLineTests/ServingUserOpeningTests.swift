import Foundation
import Glibc
import TestSupport
import Testing

@testable import twiliofs

@Suite("Opening a file for the user of --user", .orderly, .enabled(if: getuid() == 0, "needs root"))
struct ServingUserOpeningTests {
    @Test("In a folder where everybody can put files, only root's own is opened as root")
    func stickyFolder() async {
        // In a process of its own, whose threads all change their user.
        await #expect(processExitsWith: .success) {
            let folder = try TemporaryFolder()
            let user = try ServingUser("nobody")
            func make(_ name: String, mode: mode_t, owner: uid_t, file: uid_t) throws -> String {
                let path = try folder.file("\(name)/file", "x")
                guard chmod(path, 0o644) == 0, chown(path, file, gid_t(file)) == 0,
                    chown(folder.path(name), owner, gid_t(owner)) == 0, chmod(folder.path(name), mode) == 0
                else { exit(90) }
                return path
            }
            for (number, (mode, owner, file, expected)) in [
                (0o755, 0, 0, [0]), (0o755, 0, 65534, [0]), (0o1777, 0, 0, [0]), (0o1777, 0, 65534, [0, 65534]),
                (0o755, 65534, 0, [65534]), (0o777, 0, 0, [65534]),
            ].enumerated() as EnumeratedSequence<[(Int, Int, Int, [uid_t])]> {
                let path = try make("\(number)", mode: mode_t(mode), owner: uid_t(owner), file: uid_t(file))
                var users: [uid_t] = []
                let descriptor = user.opening(path) {
                    users.append(geteuid())
                    return open(path, O_RDONLY | O_CLOEXEC)
                }
                guard users == expected, descriptor >= 0, close(descriptor) == 0, geteuid() == 0 else {
                    exit(Int32(number) + 1)
                }
            }
            exit(0)
        }
    }

    @Test("A key process gets no secret and no proxy, whose address may have a password")
    func environment() async {
        await #expect(processExitsWith: .success) {
            for name in ["HTTPS_PROXY", "https_proxy", "all_proxy", "http_proxy", "TWILIO_AUTH_TOKEN"] {
                setenv(name, "http://user:word-d41d@proxy", 1)
            }
            setenv("OPENSSL_CONF", "/etc/ssl/openssl.cnf", 1)
            let variables = Environment.ofKeyProcess
            exit(
                !variables.contains { $0.contains("word-d41d") } && variables.contains { $0.hasPrefix("OPENSSL") }
                    ? 0 : 1)
        }
    }

    @Test("The room for a file with secrets is as large as the file, and for what has no size, that of most")
    func room() {
        func room(_ type: mode_t, _ size: Int, limit: Int) -> Int {
            var file = stat()
            (file.st_mode, file.st_size) = (type | 0o600, size)
            return SecretReader.room(for: file, limit: limit)
        }
        #expect(room(S_IFREG, 100, limit: 1 << 20) == 101)
        #expect(room(S_IFREG, 5 << 20, limit: 1 << 20) == (1 << 20) + 1)
        for (type, size) in [(S_IFREG, 0), (S_IFIFO, 0), (S_IFIFO, 4096)] {
            #expect(room(type, size, limit: 1 << 20) == (64 << 10) + 1)
            #expect(room(type, size, limit: 1000) == 1001)
        }
    }
}
