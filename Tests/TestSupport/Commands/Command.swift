public import Foundation

/// What a program left when it ended.
public struct CommandResult: Sendable {
    /// How a program ended.
    public enum End: Hashable, Sendable {
        /// With an exit status.
        case exited(Int32)

        /// By a signal.
        case killed(Int32)
    }

    /// How it ended.
    public let end: End

    /// What it wrote to standard output.
    public let output: Data

    /// What it wrote to standard error.
    public let errorText: String

    /// Its standard output as text.
    public var text: String { String(decoding: output, as: UTF8.self) }

    /// The lines of its standard output.
    public var lines: [String] { text.split(separator: "\n").map(String.init) }
}

/// A program can't be run, or has not done what it should.
public struct CommandError: Error, CustomStringConvertible {
    /// What happened.
    public let description: String

    /// Makes an error.
    public init(_ description: String) {
        self.description = description
    }
}

/// Running programs to their end.
public enum Command {
    /// The environment of programs that are run: nothing of the tester's own, whose settings could change results.
    public static let environment = [
        "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/nonexistent",
        "LC_ALL": "C.UTF-8",
    ]

    /// Runs a program, however it ends.
    public static func run(
        _ words: [String], adding variables: [String: String] = [:], directory: String = "/", input: Data = Data(),
        startsSession: Bool = false, seconds: Double = 60
    ) throws -> CommandResult {
        try RunningCommand(
            words, environment: environment.merging(variables) { $1 }, directory: directory, input: input,
            startsSession: startsSession
        ).wait(seconds: seconds)
    }

    /// Runs a program that has to succeed.
    @discardableResult
    public static func require(
        _ words: [String], adding variables: [String: String] = [:], directory: String = "/", input: Data = Data(),
        seconds: Double = 60
    ) throws -> CommandResult {
        let result = try run(words, adding: variables, directory: directory, input: input, seconds: seconds)
        guard result.end == .exited(0) else {
            throw CommandError("\(words.joined(separator: " ")): \(result.end): \(result.errorText)\(result.text)")
        }
        return result
    }

    /// Runs a shell script that has to succeed, in a directory.
    ///
    /// - Parameter arguments: its `$1`, `$2` and so on.
    @discardableResult
    public static func shell(
        _ script: String, _ arguments: String..., directory: String = "/", seconds: Double = 60
    ) throws -> CommandResult {
        try require(["/bin/sh", "-euc", script, "sh"] + arguments, directory: directory, seconds: seconds)
    }
}
