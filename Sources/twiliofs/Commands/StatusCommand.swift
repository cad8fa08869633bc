import ArgumentParser
import FileSystem
import Foundation
import Glibc
import MountRuntime
import Support

/// `twiliofs status`.
struct StatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "Print the state of a mount: lists, requests, transfers, errors.")

    @Flag(help: "Print the mount's .twiliofs/status.json instead of text for people.")
    var json = false
    @Argument(help: .value("mountpoint", "The mount, or anything in it."))
    var path: String

    func run() throws {
        let mountPoint = try MountFinder.mountPoint(above: path)
        let bytes = try MountedFile(path: "\(mountPoint)/.twiliofs/status.json", mountPoint: mountPoint).read()
        guard !json else {
            // Another user's process may serve the mount.
            let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false)
            print(lines.map { ForeignText.singleLine(String($0)) }.joined(separator: "\n"), terminator: "")
            return
        }
        let status = try Self.status(from: bytes, mountPoint: mountPoint)
        let isTerminal = isatty(STDOUT_FILENO) == 1 && ProcessInfo.processInfo.environment["NO_COLOR"] == nil
        print(StatusText(status, mountPoint: mountPoint, emphasizes: isTerminal).text)
    }

    /// Reads a mount's status of the current schema.
    static func status(from json: [UInt8], mountPoint: String) throws(Failure) -> MountStatus {
        guard let status = try? MountStatus(json: Data(json)), status.schema == MountStatus.currentSchema else {
            throw Failure(
                .other,
                "'\(mountPoint)' is served by another version of twiliofs, whose status can't be read: use --json")
        }
        return status
    }
}
