public import Foundation
import Glibc
import Support

/// A program that runs in a process group of its own; the group is killed with the last reference.
public final class RunningCommand: Sendable {
    /// The program's process ID.
    public let processID: Int32

    private let words: [String]
    private let folder: TemporaryFolder
    private let input: Pipe?

    /// How it ended; nil as long as it runs.
    private let end = Locked<CommandResult.End?>(nil)

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - words: the program and its arguments.
    ///   - environment: all of its environment.
    ///   - input: the bytes on its standard input.
    ///   - keepsInputOpen: whether its standard input stays open until it is let go, instead of being at its end.
    ///   - startsSession: whether it has no terminal, so that nobody can be asked for a passphrase.
    public init(
        _ words: [String], environment: [String: String] = Command.environment, directory: String = "/",
        input bytes: Data? = nil, keepsInputOpen: Bool = false, startsSession: Bool = false
    ) throws {
        self.words = words
        folder = try TemporaryFolder()
        input = keepsInputOpen ? Pipe() : nil
        // A file, so that no pipe can fill up while the output is waited for.
        try bytes?.write(to: URL(filePath: folder.path("input")))
        Self.noteLogs(of: words, in: folder)
        let file = bytes == nil ? nil : FileHandle(forReadingAtPath: folder.path("input"))
        defer { try? file?.close() }
        processID = try Spawning.spawn(
            words, environment: environment, folder: directory,
            input: (file ?? input?.fileHandleForReading)?.fileDescriptor, output: folder.path("output"),
            errorOutput: folder.path("error"),
            startsSession: startsSession)
    }

    deinit {
        kill()
    }

    /// Has what a `twiliofs` writes searched for secrets at the end of the test.
    private static func noteLogs(of words: [String], in folder: TemporaryFolder) {
        guard let scope = TestScope.current, words.contains(where: { $0.contains(BuiltPrograms.twiliofs) }) else {
            return
        }
        var paths = [folder.path("error"), folder.path("output")]
        for (option, value) in zip(words, words.dropFirst()) where option == "--log-file" { paths.append(value) }
        paths += words.filter { $0.hasPrefix("--log-file=") }.map { String($0.dropFirst("--log-file=".count)) }
        for path in paths { scope.search(log: path) }
    }

    /// What it has written to standard output so far.
    public var output: Data { contents("output") }

    /// What it has written to standard error so far.
    public var errorText: String { String(decoding: contents("error"), as: UTF8.self) }

    /// Whether it hasn't ended yet.
    public var isRunning: Bool { poll() == nil }

    /// Sends a signal to the program alone.
    public func send(_ signal: Int32) {
        guard isRunning else { return }
        Glibc.kill(processID, signal)
    }

    /// Waits for its end.
    ///
    /// - Parameter seconds: far more than it takes; as many times longer as `TEST_PATIENCE` says.
    /// - Throws: ``CommandError`` when it hasn't ended in time; it is killed then.
    public func wait(seconds: Double = 60) throws -> CommandResult {
        let deadline = ContinuousClock.now + Duration.seconds(seconds) * TestPatience.factor
        while true {
            if let end = poll() {
                return CommandResult(end: end, output: output, errorText: errorText)
            }
            guard ContinuousClock.now < deadline else {
                kill()
                throw CommandError(
                    "\(words.joined(separator: " ")) has not ended within \(seconds) s; it had printed: \(errorText)")
            }
            usleep(2000)
        }
    }

    /// Kills the process group, and waits for the program's end.
    public func kill() {
        guard poll() == nil else { return }
        Glibc.kill(-processID, SIGKILL)
        // Programs in uninterruptible sleep stay; a test process must not wait for them for ever.
        for _ in 0..<1000 where poll() == nil { usleep(2000) }
    }

    private func poll() -> CommandResult.End? {
        end.withLock { end in
            if end != nil { return end }
            var status: Int32 = 0
            guard waitpid(processID, &status, WNOHANG) == processID else { return nil }
            // The low seven bits are the signal that ended it, the next byte its exit status (wait(2)).
            end = status & 0x7F == 0 ? .exited(status >> 8 & 0xFF) : .killed(status & 0x7F)
            return end
        }
    }

    private func contents(_ name: String) -> Data {
        FileManager.default.contents(atPath: folder.path(name)) ?? Data()
    }
}
