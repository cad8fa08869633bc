import Foundation

/// Runs a Python program that writes JSON, the oracle of other people's code.
func python<Value: Decodable>(_ program: String) throws -> Value {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/python3")
    process.arguments = ["-c", program]
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let printed = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else { throw PythonFailure(status: process.terminationStatus) }
    return try JSONDecoder().decode(Value.self, from: printed)
}

struct PythonFailure: Error {
    let status: Int32
}
