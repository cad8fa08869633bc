import Foundation
import Glibc
import Support
import TestSupport
import Testing

@testable import twiliofs

/// The ways in which a process breaks, each in a process of its own.
private enum Fault: String, CaseIterable, Codable {
    case wildPointer, failedCheck, usedUpStack, abort

    /// Breaks the calling thread.
    func happen() {
        switch self {
        case .wildPointer: UnsafeMutablePointer<Int>(bitPattern: 64)?.pointee = 1
        case .failedCheck: fatalError("the check \"of a test\"\thas failed")
        case .usedUpStack: print(Self.descend(1))
        case .abort: Glibc.abort()
        }
    }

    /// The signal that ends the process, and what the log says of it.
    var signal: Int32 {
        switch self {
        case .wildPointer, .usedUpStack: SIGSEGV
        case .failedCheck: SIGILL
        case .abort: SIGABRT
        }
    }

    var words: String {
        switch self {
        case .wildPointer: "by SIGSEGV (an address without memory)"
        case .failedCheck: "Fatal error: the check 'of a test'?has failed"
        case .usedUpStack: "by SIGSEGV (a thread's stack is used up)"
        case .abort: "by SIGABRT (a library gave up)"
        }
    }

    @inline(never)
    private static func descend(_ depth: Int) -> Int {
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 1024) { buffer in
            buffer[0] = UInt8(truncatingIfNeeded: depth)
            return descend(depth + 1) + Int(buffer[0])
        }
    }

    /// Has a thread with a name break this process, whose log is a file.
    static func happen(_ name: String, log: String, format: String) {
        guard let fault = Fault(rawValue: name), let format = LogFormat(rawValue: format),
            let file = try? LogFile(log)
        else { exit(99) }
        CrashSignals.report(to: .file(file), as: format, version: TwilioFS.version)
        if let error = CrashSignals.keepStandardError() { dup2(error, STDERR_FILENO) }
        withExtendedLifetime(file) {
            _ = try? NamedThread(name: "breaking") { fault.happen() }
            sleep(60)
        }
    }
}

@Suite("A crash", .orderly)
struct CrashTests {
    /// The log of a process that breaks.
    private func log(_ fault: Fault, _ format: LogFormat) async throws -> String {
        let folder = try TemporaryFolder()
        let path = folder.path("log")
        let result = await #expect(processExitsWith: .failure) {
            [name = fault.rawValue as String, path = path as String, form = format.rawValue as String] in
            Fault.happen(name, log: path, format: form)
        }
        #expect(result?.exitStatus == .signal(fault.signal), "\(fault)")
        return try String(contentsOfFile: path, encoding: .utf8)
    }

    @Test("A real fault writes one line with signal, reason, thread and version", arguments: [0, 1, 2, 3])
    func text(_ index: Int) async throws {
        let fault = Fault.allCases[index]
        let log = try await log(fault, .text)
        #expect(log.hasSuffix("\n") && log.split(separator: "\n").count == 1, "\(log)")
        #expect(
            log.prefixMatch(of: /[0-9\-]{10}T[0-9:]{8}\.[0-9]{3}Z critical: this process ends by SIG/) != nil, "\(log)")
        #expect(log.contains(fault.words), "\(log)")
        #expect(log.contains(" thread=breaking version=\(TwilioFS.version)\n"), "\(log)")
    }

    @Test("In JSON it is one object, whose first place in the code is that of the fault", arguments: [0, 1, 2, 3])
    func json(_ index: Int) async throws {
        let fault = Fault.allCases[index]
        let log = try await log(fault, .json)
        let line = try #require(try JSONSerialization.jsonObject(with: Data(log.utf8)) as? [String: String])
        #expect(Set(line.keys) == ["frames", "level", "logger", "message", "signal", "thread", "time", "version"])
        #expect(line["level"] == "critical" && line["thread"] == "breaking")
        #expect(line["message"]?.contains(fault.words) == true, "\(log)")
        let time = try Date.ISO8601FormatStyle(includingFractionalSeconds: true).parse(try #require(line["time"]))
        #expect(abs(time.timeIntervalSinceNow) < 1000)
        let frames = try #require(line["frames"]).split(separator: ",")
        // The C library's own frames aren't linked, so `abort` may be all that is found.
        if fault != .abort {
            #expect(frames.count > 1, "\(frames)")
            #expect(
                frames.contains { $0.wholeMatch(of: /twiliofsPackageTests\.xctest\+0x[0-9a-f]+/) != nil }, "\(frames)")
        }
    }

    @Test("The places in the code are those of the kernel's table, relative to where each file begins")
    func table() {
        let parts = Code.parts(
            in: """
                55d000000000-55d000001000 r--p 00000000 fe:00 100                        /opt/a b/twiliofs (deleted)
                55d000001000-55d000003000 r-xp 00001000 fe:00 100                        /opt/a b/twiliofs (deleted)
                55d000003000-55d000004000 rw-p 00003000 fe:00 100                        /opt/a b/twiliofs (deleted)
                7f0000000000-7f0000001000 rw-p 00000000 00:00 0 
                7f0000002000-7f0000003000 r-xp 00000000 fe:00 101                        /lib/libc.so.6
                7fff00000000-7fff00001000 r-xp 00000000 00:00 0                          [vdso]

                """)
        #expect(
            parts == [
                Code(start: 0x55d0_0000_1000, end: 0x55d0_0000_3000, base: 0x55d0_0000_0000, name: "twiliofs"),
                Code(start: 0x7f00_0000_2000, end: 0x7f00_0000_3000, base: 0x7f00_0000_2000, name: "libc.so.6"),
            ])
        #expect(Code.loaded().contains { $0.name.hasPrefix("libc.so") })
    }

    @Test("A line that a library wrote long before isn't the reason, and what it writes doesn't fill the memory")
    func oldWords() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("log")
        let result = await #expect(processExitsWith: .failure) { [path = path as String] in
            guard let file = try? LogFile(path) else { exit(99) }
            CrashSignals.report(to: .file(file), as: .text, version: TwilioFS.version)
            guard let words = CrashSignals.keepStandardError() else { exit(98) }
            dup2(words, STDERR_FILENO)
            let line = Array(repeating: UInt8(ascii: "x"), count: 999) + [UInt8(ascii: "\n")]
            for _ in 0..<1000 {
                _ = write(STDERR_FILENO, line, line.count)
                CrashSignals.trimStandardError()
            }
            var status = stat()
            guard fstat(words, &status) == 0, status.st_size < 100_000 else { exit(97) }
            _ = write(STDERR_FILENO, "an old warning\n", 15)
            guard pread(words, &status, 1, 0) == 1 else { exit(96) }
            var times = [timespec(), timespec()]
            clock_gettime(CLOCK_REALTIME, &times[0])
            times[0].tv_sec -= 60
            times[1] = times[0]
            guard futimens(words, &times) == 0 else { exit(95) }
            withExtendedLifetime(file) { Glibc.abort() }
        }
        #expect(result?.exitStatus == .signal(SIGABRT))
        let log = try String(contentsOfFile: path, encoding: .utf8)
        #expect(log.contains("SIGABRT") && !log.contains("an old warning") && !log.contains("xxx"), "\(log)")
    }

    @Test("The parent of a background process tells the crash, with a status of its own")
    func parent() {
        for signal in CrashSignals.all {
            let failure = Background.failure(of: signal)
            #expect(failure.code == .crash && failure.message.contains(CrashSignals.description(of: signal)))
        }
        #expect(Background.failure(of: SIGKILL).code == .other)
        #expect(Background.failure(of: SIGKILL).message.contains("memory"))
    }
}
