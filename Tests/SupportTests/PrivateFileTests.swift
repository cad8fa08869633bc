import Glibc
import TestSupport
import Testing

@testable import Support

@Suite("Files that nobody but the user may change", .orderly)
struct PrivateFileTests {
    /// A folder that is removed at the end.
    private static func inFolder(_ body: (String) throws -> Void) throws {
        var template = Array("/tmp/private-file-XXXXXX".utf8CString)
        try #require(mkdtemp(&template) != nil)
        let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        defer {
            for name in ["file", "fifo", "link", "folder", "socket", "dangling", "new"] {
                unlink("\(folder)/\(name)")
                rmdir("\(folder)/\(name)")
            }
            rmdir(folder)
        }
        try body(folder)
    }

    private static func make(_ path: String, mode: mode_t = 0o600) throws {
        let descriptor = open(path, O_CREAT | O_RDWR | O_CLOEXEC, 0o600)
        try #require(descriptor >= 0)
        fchmod(descriptor, mode)
        close(descriptor)
    }

    @Test(
        "A file's owner and mode decide",
        arguments: [
            (1000, 0o100600, 1000, true), (1000, 0o100644, 1000, true), (0, 0o100600, 1000, true),
            (1001, 0o100600, 1000, false), (1001, 0o100644, 0, false), (1000, 0o100620, 1000, false),
            (1000, 0o100602, 1000, false), (1000, 0o041777, 1000, false), (0, 0o041777, 0, false),
            (0, 0o040755, 0, true),
        ] as [(uid_t, mode_t, uid_t, Bool)])
    func ownership(owner: uid_t, mode: mode_t, user: uid_t, isPrivate: Bool) {
        #expect(PrivateFile.isPrivate(owner: owner, mode: mode, user: user) == isPrivate)
    }

    @Test("A folder is made with those above it, for this user alone, and one that can't be made is named")
    func folders() throws {
        let folder = try TemporaryFolder()
        for path in ["a", "b/c/d", "e/f/", "a"] {
            try PrivateFile.makeFolder(folder.path(path))
            try PrivateFile.checkFolder(folder.path(path))
        }
        for path in ["b", "b/c"] {
            var status = stat()
            #expect(stat(folder.path(path), &status) == 0 && status.st_mode & 0o7777 == 0o700)
        }
        let file = try folder.file("file", "")
        let error = #expect(throws: PrivateFile.Refusal.self) { try PrivateFile.makeFolder(file + "/x/y") }
        #expect(error?.description == "'\(file)/x/y' can't be made: Not a directory")
    }

    @Test("What isn't a regular file is refused at once, whatever it is opened for")
    func types() throws {
        try Self.inFolder { folder in
            try Self.make("\(folder)/file")
            try #require(mkfifo("\(folder)/fifo", 0o600) == 0)
            try #require(symlink("\(folder)/file", "\(folder)/link") == 0)
            try #require(symlink("\(folder)/nothing", "\(folder)/dangling") == 0)
            try #require(mkdir("\(folder)/folder", 0o700) == 0)
            for flags in [O_RDONLY, O_WRONLY, O_RDWR, O_RDWR | O_CREAT] {
                close(try PrivateFile.open("\(folder)/file", flags))
                for name in ["fifo", "link", "dangling", "folder"] {
                    let error = #expect(throws: PrivateFile.Refusal.self) {
                        close(try PrivateFile.open("\(folder)/\(name)", flags))
                    }
                    #expect(error?.code == .wrongType, "\(name)")
                    let type = ["fifo": "a FIFO", "folder": "a folder"][name] ?? "a symbolic link"
                    #expect(error?.description == "'\(folder)/\(name)' is \(type), not a file: remove it")
                }
            }
            for path in ["/dev/null", "/dev/zero"] {
                let error = #expect(throws: PrivateFile.Refusal.self) { close(try PrivateFile.open(path, O_RDONLY)) }
                #expect(error?.code == .wrongType)
            }
            for name in ["fifo", "link", "dangling", "folder"] {
                #expect(throws: PrivateFile.Refusal.self) { try PrivateFile.checkFile("\(folder)/\(name)") }
            }
            try PrivateFile.checkFile("\(folder)/file")
            try PrivateFile.checkFile("\(folder)/nothing")
            try PrivateFile.checkFolder("\(folder)/folder")
            let own = #expect(throws: PrivateFile.Refusal.self) {
                try PrivateFile.checkFolder("\(folder)/file", followsLink: true)
            }
            #expect(own?.description == "'\(folder)/file' is a file, not a folder: choose another")
            for name in ["fifo", "link", "dangling", "file", "nothing"] {
                #expect(throws: PrivateFile.Refusal.self) { try PrivateFile.checkFolder("\(folder)/\(name)") }
            }
        }
    }

    @Test("What others can write is refused, and says so")
    func modes() throws {
        try Self.inFolder { folder in
            try Self.make("\(folder)/file", mode: 0o666)
            let error = #expect(throws: PrivateFile.Refusal.self) {
                close(try PrivateFile.open("\(folder)/file", O_RDWR))
            }
            #expect(error?.code == .notPrivate)
            #expect(error?.description.contains("mode 0666") == true)
            try #require(mkdir("\(folder)/folder", 0o700) == 0 && chmod("\(folder)/folder", 0o777) == 0)
            #expect(throws: PrivateFile.Refusal.self) { try PrivateFile.checkFolder("\(folder)/folder") }
            #expect(throws: PrivateFile.Refusal.self) { close(try PrivateFile.openFolder("\(folder)/folder")) }
        }
    }

    @Test("What is missing is told by its errno, and can be made")
    func missing() throws {
        try Self.inFolder { folder in
            let error = #expect(throws: PrivateFile.Refusal.self) {
                close(try PrivateFile.open("\(folder)/new", O_RDONLY))
            }
            #expect(error?.code == .system(ENOENT))
            close(try PrivateFile.open("\(folder)/new", O_RDWR | O_CREAT | O_EXCL))
            let again = #expect(throws: PrivateFile.Refusal.self) {
                close(try PrivateFile.open("\(folder)/new", O_RDWR | O_CREAT | O_EXCL))
            }
            #expect(again?.code == .system(EEXIST))
        }
    }
}
