import Foundation

/// Runs a command, feeds it `input` and returns what it printed.
///
/// Input and diagnostics go through files, so that no pipe can fill up while another one is waited for.
func run(_ executable: String, _ arguments: [String], input: Data = Data()) throws -> Data {
    let folder = TemporaryFolder.shared
    let inputFile = try folder.file(containing: input)
    let diagnosticsFile = try folder.file(containing: Data())
    defer {
        try? FileManager.default.removeItem(at: inputFile)
        try? FileManager.default.removeItem(at: diagnosticsFile)
    }
    let process = Process()
    process.executableURL = URL(filePath: executable)
    process.arguments = arguments
    process.standardInput = try FileHandle(forReadingFrom: inputFile)
    process.standardError = try FileHandle(forWritingTo: diagnosticsFile)
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let printed = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
        let diagnostics = String(decoding: try Data(contentsOf: diagnosticsFile), as: UTF8.self)
        throw CommandFailure(command: ([executable] + arguments).joined(separator: " "), diagnostics: diagnostics)
    }
    return printed
}

/// Runs the `openssl` command.
@discardableResult
func openssl(_ arguments: String..., input: Data = Data()) throws -> Data {
    try run("/usr/bin/openssl", arguments, input: input)
}

struct CommandFailure: Error {
    let command: String
    let diagnostics: String
}
