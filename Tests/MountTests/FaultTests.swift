import Foundation
import TestSupport
import Testing
import TwilioSimulator

@Suite("What goes wrong on the way", .orderly, .needsFUSE)
struct FaultTests {
    @Test(
        "A transfer that breaks off or is refused is taken up again",
        arguments: [
            #"{"type":"reset","afterBytes":50000}"#, #"{"type":"truncate","afterBytes":50000}"#,
            #"{"type":"reset","afterBytes":0}"#, #"{"type":"status","code":503}"#,
            #"{"type":"status","code":429,"retryAfter":1}"#, #"{"type":"status","code":429}"#,
        ])
    func transient(_ action: String) throws {
        let bench = try MountBench()
        try bench.shell("ls recordings >/dev/null")
        for path in ["*.wav", "/*/CJ*", "/*/RT*"] {
            try bench.account.add(faults: #"{"path":"\#(path)","after":1,"count":2,"action":\#(action)}"#)
        }
        #expect(try bench.mount.differences(from: bench.account) == [])
    }

    @Test("A list that fails is an error and never a shorter directory, and works later")
    func listFails() throws {
        let account = try SimulatedAccount(media: TestMedia.small) { $0.behaviour.pageSizeLimit = 1 }
        let list = "/2010-04-01/Accounts/\(account.sid)/Recordings.json"
        // The first request is the check of the credentials, the second the first page.
        try account.add(faults: #"{"path":"\#(list)","after":2,"action":{"type":"status","code":400}}"#)
        let mount = try MountedAccount(account)
        let failed = try Command.run(["ls", "recordings"], directory: mount.path)
        #expect(failed.end == .exited(2) && failed.text == "", "\(failed.text)\(failed.errorText)")
        account.clearFaults()
        let works = try eventually(within: 30) {
            try Command.run(["ls", "recordings"], directory: mount.path).lines.count == 3
        }
        #expect(works)
    }

    @Test("The log says which program failed at which file, and why")
    func log() throws {
        let bench = try MountBench(options: ["--log-level", "info"])
        let (sid, file) = try bench.account.original("long.wav")
        let path = file.mountedPath(sid: sid)
        try bench.shell("stat \"$1\" >/dev/null", path)
        try bench.account.add(faults: #"{"path":"*.wav","action":{"type":"status","code":400}}"#)
        let reader = try RunningCommand(["cat", "\(bench.mount.path)/\(path)"])
        #expect(try reader.wait().end == .exited(1))
        let fields = [
            "error: ", "errno=EIO", "operation=read", "path=\(path)", "pid=\(reader.processID)", "program=cat",
            "recording=\(sid)", "inode=",
        ]
        #expect(
            eventually {
                bench.mount.log.split(separator: "\n").contains { line in fields.allSatisfy { line.contains($0) } }
            }, "\(bench.mount.log)")
        try bench.mount.unmount()
        #expect(!bench.mount.log.contains("the mount has ended"))
    }

    @Test("A failed request of any thread is logged with its process, and numbers are numbers in JSON")
    func threads() throws {
        let account = try SimulatedAccount(media: TestMedia.small)
        let mount = try MountedAccount(account, options: ["--log-format", "json"])
        let (sid, file) = try account.original("long.wav")
        let path = file.mountedPath(sid: sid)
        try Command.require(["stat", path], directory: mount.path)
        try account.add(faults: #"{"path":"*.wav","action":{"type":"status","code":400}}"#)
        let reader = try RunningCommand(Python.words("read_in_thread", ["\(mount.path)/\(path)"]))
        #expect(try reader.wait().end == .exited(0))
        let line = try failure(in: mount, "EIO")
        #expect(line["pid"] as? Int == Int(reader.processID), "\(line)")
        #expect((line["program"] as? String)?.hasPrefix("python3") == true, "\(line)")
        #expect(line["status"] as? Int == 400, "\(line)")
        #expect(line["inode"] as? UInt64 != nil && line["path"] as? String == path, "\(line)")
    }

    /// The line of a log in JSON that tells of a failed request with an errno.
    private func failure(in mount: MountedAccount, _ error: String) throws -> [String: Any] {
        var found: [String: Any]?
        try wait(until: "the failure is logged") {
            found = mount.log.split(separator: "\n")
                .compactMap { try? JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] }
                .first { $0["errno"] as? String == error && $0["operation"] as? String != "lookup" }
            return found != nil
        }
        return try #require(found)
    }

    @Test("That a recording has gone, and that its key isn't held, is logged with program and path")
    func goneAndLocked() throws {
        let account = try SimulatedAccount(media: TestMedia.small)
        let options = ["--refresh", "0", "--log-level", "debug", "--log-format", "json"]
        let file = try account.original("long.mkv")
        // Of a recording made just now, the media may come later than the resource.
        try account.change(
            resource: #"{"action":"update","sid":"\#(file.sid)","fields":{"date_created":"2026-01-01T00:00:00Z"}}"#)
        for (error, level, keys) in [
            ("ENOKEY", "debug", []), ("ESTALE", "info", nil),
        ] as [(String, String, [String]?)] {
            let mount = try MountedAccount(account, keys: keys, options: options)
            try Command.require(["stat", mount.path(of: file)])
            if error == "ESTALE" { try account.change(resource: #"{"action":"delete","sid":"\#(file.sid)"}"#) }
            #expect(try Command.run(["cat", mount.path(of: file)]).end == .exited(1))
            let line = try failure(in: mount, error)
            #expect(line["level"] as? String == level, "\(line)")
            #expect(line["program"] as? String == "cat" && line["pid"] as? Int != nil, "\(line)")
            // What has gone may have lost its format, and with it the name's extension.
            let path = try #require(line["path"] as? String, "\(line)")
            #expect(file.file.mountedPath(sid: file.sid).hasPrefix(path) && path.contains(file.sid), "\(line)")
        }
    }

    @Test("No program that reads a forged recording to its end succeeds")
    func forgedRecording() throws {
        let bench = try MountBench()
        let folder = try TemporaryFolder()
        let path = try bench.path("long.wav")
        try Command.require(["stat", path])
        try bench.account.add(faults: #"{"path":"*.wav","action":{"type":"corrupt","offset":350000,"mask":1}}"#)
        for _ in 0..<2 {
            let result = try Command.run(["cat", path])
            #expect(result.end == .exited(1) && result.errorText.contains("Input/output error"))
        }
        #expect(try Command.run(["cp", path, folder.path("cp")]).end == .exited(1))
        #expect(try Command.run(["rsync", "-a", path, folder.path("rsync")]).end != .exited(0))
        #expect(!FileManager.default.fileExists(atPath: folder.path("rsync")), "rsync keeps nothing of it")
        let sid = try bench.account.original("long.wav").sid
        #expect(bench.mount.hasLogged("authentication failed"))
        let lines = bench.mount.log.split(separator: "\n").filter { $0.contains("authentication failed") }
        #expect(!lines.isEmpty && lines.allSatisfy { $0.contains(" recording=\(sid)") }, "\(bench.mount.log)")
    }

    @Test("Media that is replaced while it is read is an error, or right")
    func replaced() throws {
        let bench = try MountBench()
        let original = try bench.account.original("long.mkv")
        try bench.account.add(faults: #"{"host":"media","path":"/","after":2,"action":{"type":"changeETag"}}"#)
        let result = try Command.run(["sha256sum", bench.mount.path(of: original)])
        #expect(result.end == .exited(1) || result.text.hasPrefix(original.file.sha256))
    }
}
