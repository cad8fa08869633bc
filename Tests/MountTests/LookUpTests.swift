import Foundation
import TestSupport
import Testing
import TwilioSimulator

@Suite("Names are told without waiting for sizes", .orderly, .needsFUSE)
struct LookUpTests {
    /// A mount of voice recordings of which one may be stalled.
    ///
    /// - Parameter stalled: the index of the one that is, from before the mount on: it learns some sizes by itself.
    private static func bench(
        _ count: Int, stalled: Int? = nil
    ) throws -> (bench: MountBench, names: [String], folder: TemporaryFolder) {
        let folder = try TemporaryFolder()
        for number in 0..<count {
            let file = folder.url.appending(path: "recordings/\(number).wav")
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
            try TestMedia.noise(300_000 + number, seed: UInt64(number)).write(to: file)
        }
        let account = try SimulatedAccount(media: folder.url)
        // Of recordings made just now, the media may come later than the resource.
        for sid in try account.originals().keys {
            try account.change(
                resource: """
                    {"action": "update", "sid": "\(sid)", "fields": {"date_created": "2026-01-01T00:00:00Z"}}
                    """)
        }
        let names = try account.originals().keys.sorted()
        if let stalled {
            account.simulator.faults = [FaultRule(.stall(afterBytes: 0), path: "*\(names[stalled]).wav")]
        }
        let bench = try MountBench(account: account, options: ["--no-probing", "--refresh", "0"])
        return (bench, names, folder)
    }

    @Test("Programs that never ask for a size get every byte at a name never seen before", arguments: [false, true])
    func everyWay(isListed: Bool) throws {
        let ways = [
            "cat", "direct", "path", "read", "pread", "mmap", "mmap-end", "sendfile", "splice", "copy_file_range",
            "seek-end", "seek-hole",
        ]
        let (bench, names, folder) = try Self.bench(ways.count)
        defer { withExtendedLifetime(folder) {} }
        let originals = try bench.account.originals()
        // With a listing, the kernel is told the names of all.
        if isListed { try bench.shell("ls recordings >/dev/null") }
        for (way, sid) in zip(ways, names) {
            let file = try #require(originals[sid])
            let result = try Command.run(
                Python.words("read_ways", [way, bench.mount.path(of: (sid, file)), file.path]))
            #expect(result.end == .exited(0) && result.text == "", "\(way): \(result.text)\(result.errorText)")
        }
    }

    @Test("A recording whose size stalls delays no other name in its directory", arguments: [false, true])
    func stalledSize(isListed: Bool) throws {
        let (bench, names, folder) = try Self.bench(20, stalled: 0)
        defer { withExtendedLifetime(folder) {} }
        if isListed { try bench.shell("ls recordings >/dev/null") }
        let stalled = try RunningCommand(["stat", "\(bench.mount.path)/recordings/\(names[0]).wav"])
        #expect(eventually { bench.account.mediaRequests.contains { $0.path.contains(names[0]) } })
        try bench.shell("ls recordings >/dev/null")
        for name in names.dropFirst() {
            #expect(try bench.shell("stat -c %s \"recordings/$1.wav\"", name).text.hasPrefix("300"))
        }
        #expect(stalled.isRunning, "the others didn't wait for it")
        stalled.send(SIGTERM)
        #expect(try stalled.wait().end == .killed(SIGTERM))
    }

    @Test("No name waits until it is known which keys are held, for which media is needed")
    func stalledKeys() throws {
        let account = try SimulatedAccount(media: TestMedia.small)
        account.simulator.faults = [
            FaultRule(.stall(afterBytes: 0), path: "*.wav"), FaultRule(.stall(afterBytes: 0), host: .media),
        ]
        let bench = try MountBench(account: account, options: ["--no-probing", "--hide-unreadable"])
        #expect(
            try eventually {
                try bench.shell("jq -r '[.lists[].state] | unique[]' .twiliofs/status.json").lines == ["complete"]
            })
        let listing = try RunningCommand(["ls", "\(bench.mount.path)/recordings"])
        #expect(eventually { !account.mediaRequests.isEmpty })
        let originals = try account.originals()
        let resources = originals.map { "\(bench.mount.path)/metadata/\($1.kind.rawValue)s/\($0).json" }
        try Command.require(["stat"] + resources)
        // Opening a path without the file asks for the name alone, and not for a size.
        try Python.run("open_paths", ["names"] + originals.map { bench.mount.path(of: ($0, $1)) })
        #expect(listing.isRunning, "the names didn't wait for what a listing waits for")
        listing.send(SIGTERM)
        #expect(try listing.wait(seconds: 5).end == .killed(SIGTERM))
    }

    @Test("After SIGKILL nothing hangs, although names have gone while a size stalls")
    func killed() throws {
        let (bench, names, folder) = try Self.bench(3, stalled: 1)
        defer { withExtendedLifetime(folder) {} }
        let path = bench.mount.path
        let paths = names.map { "\(path)/recordings/\($0).wav" }
        try Command.require(["stat", paths[0]])
        let stalled = try RunningCommand(["stat", paths[1]])
        #expect(eventually { bench.account.mediaRequests.contains { $0.path.contains(names[1]) } })
        try bench.account.change(resource: #"{"action": "delete", "sid": "\#(names[0])"}"#)
        #expect(try Command.run(["cat", paths[0]]).end == .exited(1))
        #expect(try eventually { try Command.run(["stat", paths[0]]).errorText.contains("No such file") })
        #expect(stalled.isRunning)

        bench.mount.process.send(SIGKILL)
        #expect(try bench.mount.process.wait().end == .killed(SIGKILL), "no thread of it stays")
        #expect(try stalled.wait().end == .exited(1))
        for command in [["ls", path], ["stat", paths[2]], ["df", path]] {
            let result = try Command.run(command)
            #expect(result.errorText.contains("Transport endpoint is not connected"), "\(result.errorText)")
        }
        try Command.require(["fusermount3", "-u", path])
        #expect(!bench.mount.isMounted)
    }
}
