public import Foundation
import Glibc
import Support

/// A program that runs in a process group of its own; the group is killed with the last reference.
public final class RunningCommand: Sendable {
    /// The program's process ID.
    public let processID: Int32

    private let words: [String]
    private let folder: TemporaryFolder
    private let openInput: Pipe?

    /// How it ended; nil as long as it runs.
    private let end = Locked<CommandResult.End?>(nil)

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - words: the program and its arguments.
    ///   - environment: all of its environment.
    ///   - input: its standard input.
    ///   - keepsInputOpen: whether its standard input is an open pipe without bytes, instead of `input`.
    ///   - startsSession: whether it has no terminal, so that nobody can be asked for a passphrase.
    public init(
        _ words: [String], environment: [String: String] = Command.environment, directory: String = "/",
        input: Data = Data(), keepsInputOpen: Bool = false, startsSession: Bool = false
    ) throws {
        self.words = words
        folder = try TemporaryFolder()
        openInput = keepsInputOpen ? Pipe() : nil
        // A file: a pipe that is full would have to be written to while the output is read.
        var inputFile: FileHandle?
        if !input.isEmpty {
            try input.write(to: folder.url.appending(path: "input"))
            inputFile = try FileHandle(forReadingFrom: folder.url.appending(path: "input"))
        }
        let descriptor = (openInput?.fileHandleForReading ?? inputFile)?.fileDescriptor
        processID = try Spawning.spawn(
            words, environment: environment, folder: directory, input: descriptor,
            output: folder.path("output"), errorOutput: folder.path("error"),
            startsSession: startsSession)
        try inputFile?.close()
    }

    deinit {
        kill()
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
