import Foundation
import Glibc
import Support
import TestSupport
import Testing

@Suite("The search for secrets in folders", .orderly)
struct FolderSearchTests {
    @Test("It finds a text at the beginning, in the middle and at the end of a file, however deep, and in no other")
    func planted() throws {
        let folder = try TemporaryFolder()
        let noise = TestMedia.noise(300_000, seed: 3)
        let secret = "planted-secret-51ac"
        for (name, content) in [
            ("begin", Data(secret.utf8) + noise), ("a/b/c/middle", noise + Data(secret.utf8) + noise),
            ("a/end", noise + Data(secret.utf8)), ("alone", Data(secret.utf8)), ("none", noise), ("empty", Data()),
            ("control", Data("control".utf8)), (".hidden/with blank", Data("\0\(secret)\0".utf8)),
        ] {
            try folder.file(name, content)
        }
        #expect(symlink("/nowhere", folder.path("link")) == 0 && mkfifo(folder.path("pipe"), 0o600) == 0)
        let found = try FolderSearch.places(of: [secret, "absent"], in: folder.url.path, control: "control")
        let names = ["begin", "a/b/c/middle", "a/end", "alone", ".hidden/with blank"]
        #expect(found == names.map { "\(folder.path($0)) has '\(secret)'" }.sorted())
        #expect(try FolderSearch.places(of: ["absent"], in: folder.url.path, control: "control") == [])
        #expect(try FolderSearch.places(of: [secret], in: folder.path("alone"), control: secret).count == 1)
    }

    @Test("A search that could find nothing is an error: of an empty folder, of none, for nothing")
    func nothing() throws {
        let folder = try TemporaryFolder()
        for (path, texts) in [
            (folder.url.path, ["secret"]), (folder.path("none"), ["secret"]), (folder.url.path, []),
            (folder.url.path, [""]),
        ] {
            #expect(throws: CommandError.self) { try FolderSearch.places(of: texts, in: path) }
        }
    }

    @Test("Files and folders that go while it looks are no error")
    func vanishing() throws {
        let folder = try TemporaryFolder()
        try folder.file("control", FolderSearch.database)
        let isOver = Locked(false)
        let path = folder.url.path
        let thread = try NamedThread(name: "vanishing") {
            while !isOver.withLock(\.self) {
                mkdir("\(path)/inner", 0o700)
                for name in ["inner/a", "b"] {
                    close(open("\(path)/\(name)", O_CREAT | O_WRONLY | O_CLOEXEC, 0o600))
                }
                for name in ["inner/a", "b"] { unlink("\(path)/\(name)") }
                rmdir("\(path)/inner")
            }
        }
        defer {
            isOver.withLock { $0 = true }
            thread.join()
        }
        for _ in 0..<300 { #expect(try FolderSearch.places(of: ["secret"], in: path) == []) }
    }
}
