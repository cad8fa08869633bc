import ArgumentParser
import CLinux
import FileSystem
import Glibc
import Support

/// Asks a mount for its state in a process of its own.
///
/// The kernel lets only the mount's user ask, and that in all of a process's IDs. The asking may never end: a thread
/// that waits for it can neither be ended nor change its user, with which a later change for all threads would hang.
enum MountQuestion {
    /// The longest wait for the process to begin, and then for the mount's answer, which a dead mount gives at once.
    private static let (patienceForStart, patience) = (Duration.seconds(20), Duration.seconds(1))

    /// What the process writes before it asks, and when it has its answer.
    fileprivate static let (asking, isDead, isAnswering) = (UInt8(1), UInt8(2), UInt8(3))

    /// Finds the state of the mount at a path.
    ///
    /// - Parameters:
    ///   - user: The user whose the mount is; nil for this process's.
    ///   - program: The path of this program.
    static func state(of path: String, as user: ServingUser?, program: String = "/proc/self/exe") -> MountState {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return .silent }
        let (reading, writing) = (ends[0], ends[1])
        defer { close(reading) }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, writing, STDOUT_FILENO)
        posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0)
        _ = twiliofs_spawn_close_from(&actions, STDERR_FILENO + 1)
        let words = ["twiliofs", MountStateCommand.name] + (user.map { ["--user", $0.name] } ?? []) + ["--", path]
        var arguments = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var process = pid_t()
        let result = posix_spawn(&process, program, &actions, nil, &arguments, environ)
        close(writing)
        guard result == 0 else { return .silent }
        defer {
            // In vain if it waits for a mount that has taken the question: it ends with the answer.
            kill(process, SIGKILL)
            _ = ProcessEnd(of: process, within: patience)
        }
        guard next(reading, within: patienceForStart) == asking else { return .silent }
        return switch next(reading, within: patience) {
        case isDead: .dead
        case isAnswering: .answering
        default: .silent
        }
    }

    private static func next(_ descriptor: Int32, within patience: Duration) -> UInt8? {
        guard DoorSocket.wait(for: descriptor, until: .now + patience) else { return nil }
        var byte: UInt8 = 0
        return uninterrupted({ read(descriptor, &byte, 1) }) == 1 ? byte : nil
    }
}

/// The command of the process that ``MountQuestion`` starts.
struct MountStateCommand: ParsableCommand {
    static let name = "mount-state"
    static let configuration = CommandConfiguration(
        commandName: name, abstract: "Ask a mount for its state.", shouldDisplay: false)

    @Option var user: String?
    @Argument var mountPoint: String

    func run() throws {
        if let user = try user.map({ (name) throws(Failure) in try ServingUser(name) }) {
            try user.begin()
            try user.finish()
        }
        Self.tell(MountQuestion.asking)
        switch MountState(asking: mountPoint) {
        case .dead: Self.tell(MountQuestion.isDead)
        case .answering, .silent: Self.tell(MountQuestion.isAnswering)
        }
    }

    private static func tell(_ byte: UInt8) { _ = write(STDOUT_FILENO, [byte], 1) }
}
