public import Foundation

/// The Python programs of the tests, in `Tests/Scripts`.
///
/// They are Debian's Python's, whatever other Pythons are installed.
public enum Python {
    private static let scripts = BuiltPrograms.package.appending(path: "Tests/Scripts")

    /// The folder of the Python that has the packages of `Tests/Scripts/requirements.txt`, with their programs, which
    /// `scripts/install-dependencies` makes.
    private static let programs = BuiltPrograms.package.appending(path: ".build/python/bin")

    /// The path of Python's interpreter.
    ///
    /// - Parameter usesPackages: whether with the packages of `Tests/Scripts/requirements.txt`.
    public static func interpreter(usesPackages: Bool) -> String {
        usesPackages ? programs.appending(path: "python3").path : "/usr/bin/python3"
    }

    /// The command that runs a module of a package, as a server that comes with it.
    public static func words(module: String, _ arguments: [String]) -> [String] {
        [interpreter(usesPackages: true), "-BEs", "-m", module] + arguments
    }

    /// The command that runs a program.
    ///
    /// - Parameters:
    ///   - script: the file's name without `.py`.
    ///   - arguments: its `sys.argv[1:]`.
    ///   - usesPackages: whether it imports more than the standard library, without which Python starts sooner.
    public static func words(_ script: String, _ arguments: [String], usesPackages: Bool = false) -> [String] {
        // -E and -s: whatever the tester's settings are. -B: nothing is written beside the scripts.
        let options = usesPackages ? "-BEs" : "-BEsS"
        let file = scripts.appending(path: "\(script).py").path
        return [interpreter(usesPackages: usesPackages), options, file] + arguments
    }

    /// Runs a program that has to succeed.
    ///
    /// - Parameter input: its standard input.
    @discardableResult
    public static func run(
        _ script: String, _ arguments: [String], usesPackages: Bool = false, input: Data? = nil, seconds: Double = 60
    ) throws -> CommandResult {
        try Command.require(
            words(script, arguments, usesPackages: usesPackages), input: input, seconds: seconds)
    }

    /// Runs a program that has to succeed.
    @discardableResult
    public static func run(
        _ script: String, _ arguments: String..., usesPackages: Bool = false, input: Data? = nil,
        seconds: Double = 60
    ) throws -> CommandResult {
        try run(script, arguments, usesPackages: usesPackages, input: input, seconds: seconds)
    }

    /// Runs a program that has to succeed and prints a value in JSON.
    public static func value<Value: Decodable>(
        _ script: String, _ arguments: String..., usesPackages: Bool = false, input: Data? = nil
    ) throws -> Value {
        let output = try run(script, arguments, usesPackages: usesPackages, input: input).output
        return try JSONDecoder().decode(Value.self, from: output)
    }
}

/// The shell scripts of the tests, in `Tests/Scripts`.
public enum ShellScript {
    /// The command that runs a script.
    ///
    /// - Parameter script: the file's name without `.sh`.
    public static func words(_ script: String, _ arguments: [String]) -> [String] {
        ["/bin/sh", BuiltPrograms.package.appending(path: "Tests/Scripts/\(script).sh").path] + arguments
    }

    /// The words before a command that run it as another user; needs root.
    public static func asUser(_ user: Int = 65_534, group: Int = 65_534) -> [String] {
        ["setpriv", "--reuid=\(user)", "--regid=\(group)", "--clear-groups"]
    }
}
