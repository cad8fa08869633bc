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
        let bench = try MountBench()
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
        #expect(try bench.mount.log.contains(bench.account.original("long.wav").sid))
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
