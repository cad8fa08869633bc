import Foundation
import TestSupport
import Testing
import TwilioSimulator

@Suite("What comes and goes in an open mount", .orderly, .needsFUSE)
struct RemovalTests {
    /// The names below the mount that have a SID in them.
    private static func names(_ bench: MountBench, _ sid: String) throws -> [String] {
        try bench.shell("find . -path ./.twiliofs -prune -o -name \"$1.*\" -print | sort", sid).lines
    }

    /// A mount of recordings that were made long ago: of those made just now, the media may come later than the
    /// resource.
    private static func bench(media: URL) throws -> MountBench {
        let account = try SimulatedAccount(media: media)
        for sid in try account.originals().keys {
            try account.change(
                resource: """
                    {"action": "update", "sid": "\(sid)", "fields": {"date_created": "2026-01-01T00:00:00Z"}}
                    """)
        }
        return try MountBench(account: account, options: ["--refresh", "0"])
    }

    @Test("A recording that was deleted is gone from every directory once somebody has tried to read it")
    func deleted() throws {
        let bench = try Self.bench(media: TestMedia.small)
        let (sid, file) = try bench.account.original("long.mkv")
        let path = file.mountedPath(sid: sid)
        let names = try Self.names(bench, sid)
        #expect(names.count == 4, "the file, its resource, and links by date and by room")
        // The kernel knows all of them now, and may keep them for a day.
        try bench.shell("find . -name \"$1.*\" -exec stat -L {} + >/dev/null", sid)
        try bench.account.change(resource: #"{"action": "delete", "sid": "\#(sid)"}"#)
        #expect(try Self.names(bench, sid) == names)
        let reading = try Command.run(["cat", "\(bench.mount.path)/\(path)"])
        // It was opened, with what is known of it, before that was found out.
        #expect(reading.end == .exited(1) && reading.errorText.contains("Stale file handle"))
        #expect(eventually { (try? Self.names(bench, sid)) == [] })
        for name in names {
            let result = try Command.run(["stat", name], directory: bench.mount.path)
            #expect(result.errorText.contains("No such file or directory"), "\(name)")
        }
        // Everything else is where it was.
        let others = try bench.account.originals().filter { $0.key != sid }
        for (sid, file) in others {
            #expect(try bench.shell("stat -c %s \"$1\"", file.mountedPath(sid: sid)).lines == ["\(file.size)"])
        }
    }

    @Test("An open file of a recording that was deleted goes on with what is there, and then fails")
    func openFile() throws {
        let bench = try Self.bench(media: TestMedia.real)
        let original = try bench.account.original("room.mp4")
        let path = bench.mount.path(of: original)
        let folder = try TemporaryFolder()
        let reader = try RunningCommand(
            Python.words("held_file", ["deleted", path, original.file.path, folder.url.path]))
        #expect(eventually { reader.output == Data("open\n".utf8) })
        try bench.account.change(resource: #"{"action": "delete", "sid": "\#(original.sid)"}"#)
        try folder.file("deleted", "")
        #expect(eventually(within: 60) { reader.output == Data("open\nESTALE\n".utf8) }, "\(reader.errorText)")
        #expect(try eventually { try Self.names(bench, original.sid) == [] })
        try folder.file("noticed", "")
        #expect(try reader.wait().lines == ["open", "ESTALE", "done"], "\(reader.errorText)")
    }

    @Test("What is recorded appears in all directories that were listed before")
    func refresh() throws {
        let bench = try MountBench(options: ["--refresh", "1"])
        try bench.shell("ls -R . >/dev/null")
        let digits = String(repeating: "5a", count: 16)
        let (sid, call, conference) = ("RE\(digits)", "CA\(digits)", "CF\(digits)")
        // Before the recording: the mount asks for each call once.
        try bench.account.simulator.control(
            "POST", "calls", body: #"{"sid": "\#(call)", "fields": {"from": "+493012345", "to": "client:alice"}}"#)
        let file = try TestMedia.small.appending(path: "recordings/long.wav").path
        try bench.account.change(
            resource: """
                {"action": "add", "kind": "recording", "path": "\(file)",
                 "fields": {"sid": "\(sid)", "call_sid": "\(call)", "conference_sid": "\(conference)"}}
                """)
        // A search that goes on while the recording comes finds it in some of them.
        let expected = [
            "by-call", "by-conference", "by-date", "by-number/+493012345", "by-number/anonymous", "metadata",
            "recordings",
        ]
        var found: [String] = []
        #expect(
            try eventually {
                found = try Self.names(bench, sid).map { name in
                    let parts = name.split(separator: "/").dropFirst()
                    return parts.prefix(parts.first == "by-number" ? 2 : 1).joined(separator: "/")
                }.sorted()
                return found == expected
            }, "\(found)")
    }
}
