import CFUSE
import FoundationEssentials
import Glibc
import Support

/// fusermount3, with whose help users other than root mount and unmount, and what it says.
enum MountHelper {
    /// Its name.
    private static let name = "fusermount3"

    /// Where it is; nil when it is missing.
    ///
    /// The usual folders count as well as those in PATH, as with libfuse.
    static var path: String? {
        let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":") + ["/usr/bin", "/bin"]
        return folders.map { "\($0)/\(name)" }.first { Glibc.access($0, X_OK) == 0 }
    }

    /// How long it is tried to run it.
    private static let patience = Duration.seconds(5)

    /// Runs it, and waits for its end.
    ///
    /// - Returns: its exit status, and its last sentence; nil when it said nothing.
    /// - Throws: `unavailable` when it can't be run.
    static func run(_ arguments: [String]) throws(FileSystemError) -> (status: Int32, sentence: String?) {
        guard let path else { throw missing }
        let pipe = try MessagePipe()
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, pipe.writing, STDERR_FILENO)
        var words = ([name] + arguments).map { strdup($0) } + [nil]
        defer { for word in words { free(word) } }
        var process = pid_t()
        var result = posix_spawn(&process, path, &actions, nil, &words, environ)
        // The user's processes, or memory, may be used up for a moment; without it a dead mount would stay.
        let deadline = ContinuousClock.now + patience
        while result == EAGAIN || result == ENOMEM, ContinuousClock.now < deadline {
            usleep(50_000)
            result = posix_spawn(&process, path, &actions, nil, &words, environ)
        }
        guard result == 0 else {
            throw FileSystemError(.unavailable, "\(name) can't be run: \(SystemErrorCode(rawValue: result))")
        }
        var status: Int32 = 0
        _ = uninterrupted { waitpid(process, &status, 0) }
        // What is more than a pipe holds was lost; it says a line.
        return (status >> 8 & 0xFF, sentence(in: pipe.contents()))
    }

    /// Does something during which libfuse may run it, and keeps what it says from the terminal.
    ///
    /// The program's own lines that come meanwhile are printed afterwards.
    ///
    /// - Returns: what was done, and its last sentence; nil when it said nothing.
    static func listening<Value>(to body: () -> Value) -> (value: Value, sentence: String?) {
        let terminal = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3)
        guard terminal >= 0 else { return (body(), nil) }
        defer { close(terminal) }
        guard let pipe = try? MessagePipe(), dup2(pipe.writing, STDERR_FILENO) >= 0 else { return (body(), nil) }
        let value = body()
        dup2(terminal, STDERR_FILENO)
        let lines = pipe.contents().split(separator: UInt8(ascii: "\n"))
        for line in lines where !isItsOwn(line) {
            let bytes = line + [UInt8(ascii: "\n")]
            _ = bytes.withUnsafeBytes { write(STDERR_FILENO, $0.baseAddress, $0.count) }
        }
        return (value, sentence(in: Array(lines.filter(isItsOwn).joined(separator: [UInt8(ascii: "\n")]))))
    }

    /// The error of users who lack it.
    static let missing = FileSystemError(
        .unavailable, "fusermount3 is missing, without which only root can mount: install the package 'fuse3'")

    private static func isItsOwn(_ line: ArraySlice<UInt8>) -> Bool {
        line.starts(with: "\(name): ".utf8)
    }

    /// The last line, without the program's name before it; nil when there is none.
    static func sentence(in bytes: [UInt8]) -> String? {
        guard let line = bytes.split(separator: UInt8(ascii: "\n")).last else { return nil }
        let text = String(decoding: isItsOwn(line) ? line.dropFirst(name.utf8.count + 2) : line, as: UTF8.self)
        return text.isEmpty ? nil : text
    }

    /// What a refusal of its, or of libfuse's, is about.
    static func code(of sentence: String) -> FileSystemError.Code {
        func mentions(_ words: String...) -> Bool { words.contains { sentence.contains($0) } }
        if mentions("mountpoint", "filesystem type") { return .mountPoint }
        return mentions(
            "/dev/fuse", "device not found", "Operation not permitted", "too many FUSE", Self.unknownUser)
            ? .unavailable : .refused
    }

    /// One of fusermount3's sentences, followed by advice where there is some.
    static func advised(_ sentence: String) -> String {
        let remedy = remedy(for: sentence, path: path, isPrivileged: geteuid() == 0 || isSetUser, user: getuid())
        return remedy.map { "\(sentence); \($0)" } ?? sentence
    }

    /// The advice for one of fusermount3's sentences; nil when there is none.
    ///
    /// - Parameters:
    ///   - path: of fusermount3.
    ///   - isPrivileged: whether fusermount3 runs with root's rights.
    ///   - user: the user who runs fusermount3.
    static func remedy(for sentence: String, path: String?, isPrivileged: Bool, user: uid_t) -> String? {
        if sentence.contains(unknownUser) {
            return "give this user, with the ID \(user), an entry in /etc/passwd"
        }
        guard let path, !isPrivileged, sentence.contains("Operation not permitted") else { return nil }
        return "\(path) lacks its setuid bit: run 'chmod u+s \(path)' as root"
    }

    /// The words of fusermount3 to a user without an entry in /etc/passwd.
    private static let unknownUser = "could not determine username"

    /// Whether fusermount3 has the setuid bit.
    private static var isSetUser: Bool {
        var status = stat()
        guard let path, stat(path, &status) == 0 else { return false }
        return status.st_mode & 0o4000 != 0
    }
}

/// A pipe into which a program writes what it has to say, and that never waits.
private final class MessagePipe {
    /// The end into which it is written.
    let writing: Int32
    private let reading: Int32

    init() throws(FileSystemError) {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else {
            throw FileSystemError(.refused, "no pipe can be created: \(SystemErrorCode.current)")
        }
        (reading, writing) = (ends[0], ends[1])
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
    }

    deinit {
        close(reading)
        close(writing)
    }

    /// What has been written so far.
    func contents() -> [UInt8] {
        var contents: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(reading, &piece, piece.count)
            guard count > 0 else { return contents }
            contents += piece[..<count]
        }
    }
}
