import CFUSE
import Glibc
import Support

/// fusermount3, which mounts and unmounts for users other than root, and its messages.
enum MountHelper {
    private static let name = "fusermount3"

    /// Its path, in PATH or the usual folders (as libfuse does); nil if it is missing.
    static var path: String? {
        // Not Foundation's environment, which would copy the secrets in it.
        let path = getenv("PATH").map { String(cString: $0) } ?? ""
        let folders = path.split(separator: ":") + ["/usr/bin", "/bin"]
        return folders.map { "\($0)/\(name)" }.first { Glibc.access($0, X_OK) == 0 }
    }

    /// The time limit for the attempts to start it.
    private static let patience = Duration.seconds(5)

    /// Runs it, and waits for its end.
    ///
    /// - Parameter path: The path of fusermount3.
    /// - Returns: Its end, nil if that can't be determined, and its last sentence, if any.
    /// - Throws: `unavailable` if it can't be run.
    static func run(
        _ arguments: [String], path: String? = MountHelper.path
    ) throws(FileSystemError) -> (end: ProcessEnd?, sentence: String?) {
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
        // Processes or memory may be exhausted for a moment; without fusermount3 a dead mount would stay.
        let deadline = ContinuousClock.now + patience
        while result == EAGAIN || result == ENOMEM, ContinuousClock.now < deadline {
            usleep(50_000)
            result = posix_spawn(&process, path, &actions, nil, &words, environ)
        }
        guard result == 0 else {
            throw FileSystemError(.unavailable, "\(name) can't be run: \(SystemErrorCode(rawValue: result))")
        }
        // An ignored SIGCHLD may be inherited, with which the system drops the status.
        let end = try? ProcessEnd(of: process)
        // Text beyond the size of a pipe is lost; fusermount3 writes one line.
        return (end, sentence(in: pipe.contents()))
    }

    /// Runs code during which libfuse may run fusermount3, whose messages don't appear on the terminal.
    ///
    /// Other lines that are written meanwhile are printed afterwards.
    ///
    /// - Returns: The code's result, and fusermount3's last sentence, if any.
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

    /// The error of users other than root if fusermount3 is missing.
    static let missing = FileSystemError(
        .unavailable, "fusermount3 is missing, without which only root can mount: install the package 'fuse3'")

    private static func isItsOwn(_ line: ArraySlice<UInt8>) -> Bool { line.starts(with: "\(name): ".utf8) }

    /// The last line, without the program's name; nil without any.
    static func sentence(in bytes: [UInt8]) -> String? {
        guard let line = bytes.split(separator: UInt8(ascii: "\n")).last else { return nil }
        let text = String(decoding: isItsOwn(line) ? line.dropFirst(name.utf8.count + 2) : line, as: UTF8.self)
        return text.isEmpty ? nil : text
    }

    /// The error code for a refusal by fusermount3 or libfuse.
    static func code(of sentence: String) -> FileSystemError.Code {
        func mentions(_ words: String...) -> Bool { words.contains { sentence.contains($0) } }
        if mentions("mountpoint", "filesystem type") { return .mountPoint }
        return mentions(
            "/dev/fuse", "device not found", "Operation not permitted", "too many FUSE", Self.unknownUser)
            ? .unavailable : .refused
    }

    /// One of fusermount3's sentences, followed by the advice for it, if any.
    static func advised(_ sentence: String) -> String {
        let remedy = remedy(for: sentence, path: path, isPrivileged: geteuid() == 0 || isSetUser, user: getuid())
        return remedy.map { "\(sentence); \($0)" } ?? sentence
    }

    /// The advice for one of fusermount3's sentences; nil without any.
    ///
    /// - Parameters:
    ///   - path: The path of fusermount3.
    ///   - isPrivileged: Whether fusermount3 runs with root's rights.
    ///   - user: The user who runs fusermount3.
    static func remedy(for sentence: String, path: String?, isPrivileged: Bool, user: uid_t) -> String? {
        if sentence.contains(unknownUser) { return "give this user, with the ID \(user), an entry in /etc/passwd" }
        guard let path, !isPrivileged, sentence.contains("Operation not permitted") else { return nil }
        return "\(path) lacks its setuid bit: run 'chmod u+s \(path)' as root"
    }

    /// fusermount3's message to a user without an entry in /etc/passwd.
    private static let unknownUser = "could not determine username"

    /// Whether fusermount3 has the setuid bit.
    private static var isSetUser: Bool {
        var status = stat()
        guard let path, stat(path, &status) == 0 else { return false }
        return status.st_mode & 0o4000 != 0
    }
}

/// A pipe that never blocks, for a program's messages.
private final class MessagePipe {
    /// The end for writing.
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

    /// The bytes written so far.
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
