import Foundation
import Logging
import Support
import TestSupport
import Testing
import TwilioSimulator

@testable import twiliofs

private struct Layer: CausedError {
    let message: String
    var cause: (any Error)?
    var fields: [String: String] = [:]
}

@Suite("Log lines", .orderly)
struct LogLineTests {
    /// What one call writes to a log file.
    private func written(_ format: LogFormat, _ log: (Logger) -> Void) throws -> String {
        let folder = try TemporaryFolder()
        let output = LogOutput(
            format: format, destination: .file(try LogFile(folder.path("log"))), leastLevel: .info)
        log(output.logger())
        flush(output)
        return try String(contentsOfFile: folder.path("log"), encoding: .utf8)
    }

    /// Waits until everything is written; the output itself waits for a second at the most.
    private func flush(_ output: LogOutput) {
        for _ in 0..<30 { output.flush() }
    }

    @Test("Python reads the JSON format: fields are members of their own, times have date and zone")
    func json() throws {
        let begun = Date().timeIntervalSince1970
        let text = try written(.json) { logger in
            logger.error(
                "reading failed",
                error: Layer(
                    message: "The size is unknown.",
                    cause: Layer(
                        message: "no answer", fields: ["host": "api", "status": "503", "twilio_error": "20429"]),
                    fields: ["recording": "RE1", "request_id": "RQ1"]),
                metadata: [
                    "operation": "read", "errno": "EIO", "pid": .stringConvertible(42), "path": "a \"b\"", "host": "1",
                    "inode": .stringConvertible(UInt64.max),
                ])
        }
        let members = try Python.run("log_line", "\(begun)", input: Data(text.utf8)).text
        #expect(
            members == #"""
                {"errno": "EIO", "host": "1", "inode": 18446744073709551615, "level": "error", "logger": "twiliofs", \#
                "message": "reading failed: The size is unknown: no answer", "operation": "read", "path": "a \"b\"", \#
                "pid": 42, "recording": "RE1", "request_id": "RQ1", "status": 503, "twilio_error": 20429}

                """#)
    }

    @Test("In the text format the fields follow, and a value can't be taken for another field")
    func text() throws {
        let text = try written(.text) { logger in
            logger.warning("it is so", metadata: ["host": "api", "path": "x level=info", "quoted": "a\"b", "none": ""])
        }
        #expect(text.hasSuffix(#" warning: it is so host=api none="" path="x level=info" quoted="a\"b""# + "\n"))
        #expect(text.prefixMatch(of: #/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z /#) != nil, "\(text)")
    }

    @Test("Whatever is logged stays one line and steers no terminal", arguments: [LogFormat.text, .json])
    func hostile(_ format: LogFormat) throws {
        let hostile = "a\u{1b}[2J\r\n2026-11-26T00:00:00.000Z info: forged\u{7}\u{9b}31m\u{202e}\u{2028}\0b"
        let text = try written(format) { logger in
            logger.error(
                "\(hostile)", error: Layer(message: hostile, fields: ["host": hostile]),
                metadata: ["path": "\(hostile)", "list": [.string(hostile)], "value": .stringConvertible(hostile)])
        }
        #expect(text.split(separator: "\n", omittingEmptySubsequences: false).count == 2)
        let forbidden = text.dropLast().unicodeScalars.filter {
            [.control, .format, .lineSeparator, .paragraphSeparator].contains($0.properties.generalCategory)
        }
        #expect(forbidden.isEmpty, "\(text.debugDescription)")
        #expect(!text.contains("\\u00") && !text.contains("\\u20"))
    }

    @Test("Debug lines are left out until debug logging is switched on")
    func threshold() throws {
        let folder = try TemporaryFolder()
        let output = LogOutput(
            format: .text, destination: .file(try LogFile(folder.path("log"))), leastLevel: .warning)
        let logger = output.logger()
        logger.debug("first")
        output.switchDebugging()
        logger.debug("second")
        output.switchDebugging()
        logger.debug("third")
        logger.warning("fourth")
        flush(output)
        let text = try String(contentsOfFile: folder.path("log"), encoding: .utf8)
        #expect(
            text.split(separator: "\n").map { String($0.split(separator: " ", maxSplits: 1)[1]) } == [
                "notice: debug logging is on (SIGUSR2)", "debug: second", "notice: debug logging is off (SIGUSR2)",
                "warning: fourth",
            ])
    }

    @Test("Lines that the disk had no room for are counted, and the count is logged when there is room")
    func fullDisk() throws {
        guard SmallFileSystem.isPossible else { return }
        let disk = try SmallFileSystem("size=256k")
        let output = LogOutput(
            format: .text, destination: .file(try LogFile(disk.path + "/log")), leastLevel: .info)
        let logger = output.logger()
        logger.info("first")
        // Written from now on, it would take room that is about to be filled.
        flush(output)
        try disk.fillUp(but: 0)
        for _ in 0..<200 { logger.info("\(String(repeating: "x", count: 100))") }
        flush(output)
        disk.empty()
        logger.info("last")
        flush(output)
        let text = try String(contentsOfFile: disk.path + "/log", encoding: .utf8)
        #expect(text.contains(" info: last\n"))
        #expect(text.contains(/warning: (1 line|\d+ lines) before could not be written/), "\(text)")
    }

    @Test(
        "A failure of Twilio's is logged with the recording, the host and Twilio's name of the request",
        .enabled(if: KernelSupport.isExpected, Comment(rawValue: KernelSupport.reason)))
    func requestIdentifier() throws {
        let account = try SimulatedAccount(media: TestMedia.small)
        let mount = try BackgroundMount(account, options: ["--no-key", "--log-format", "json", "--no-probing"])
        let original = try account.original("old.wav")
        // The lists are here before anything is refused.
        #expect(try mount.answers)
        try account.add(faults: #"{"host":"api","path":"/","action":{"type":"status","code":403}}"#)
        let file = mount.path + "/" + original.file.mountedPath(sid: original.sid)
        #expect(try Command.run(["cat", file]).end == .exited(1))
        // The log takes its own way.
        var failure: [String: Any]?
        let isLogged = eventually {
            let lines = mount.log.split(separator: "\n").compactMap {
                try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any]
            }
            failure = lines.first { $0["recording"] as? String == original.sid && $0["request_id"] != nil }
            return failure != nil
        }
        #expect(isLogged, "\(mount.log)")
        #expect((failure?["request_id"] as? String)?.hasPrefix("RQ") == true)
        #expect(failure?["host"] as? String == "127.0.0.1")
    }
}
