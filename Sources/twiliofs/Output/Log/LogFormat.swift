import ArgumentParser
import Logging

/// The format of log lines.
enum LogFormat: String, ExpressibleByArgument, CaseIterable {
    case text, json
}

extension Logger.Level {
    /// Reads a level's name from the command line.
    static func parse(_ name: String) throws -> Logger.Level {
        guard let level = Logger.Level(rawValue: name) else {
            throw ValidationError("'\(name)' is not one of \(allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return level
    }
}
