import Foundation
import TestSupport
import Testing
import TwilioSimulator

@Suite("Answers that end before the media does", .orderlyAndLong, .needsFUSE)
struct CutAnswerTests {
    /// What a host does that sends all of the media whatever part is asked for, and doesn't say how much it will be.
    private static func streams(_ simulator: inout SimulatorConfiguration) {
        simulator.behaviour.voiceRange = .ignored
        simulator.behaviour.voiceLength = .chunked
        simulator.behaviour.mediaRange = .ignored
        simulator.behaviour.mediaLength = .chunked
    }

    /// Files of which something tells how long they are: their tag or padding, their header, or their resource.
    private static func files(_ account: SimulatedAccount) throws -> [Original] {
        try account.originals().filter { $1.size > 100_000 }.map { ($0, $1) }
    }

    /// Has some answers for a file's media end in its middle.
    private static func half(_ file: Original, count: Int) -> FaultRule {
        FaultRule(
            .shorten(toBytes: file.file.size / 2, ignoresRange: true), path: file.file.mediaPattern(sid: file.sid),
            count: count)
    }

    @Test(
        "Some of them are an error or aren't noticed, at first and while a program has the file open",
        arguments: [1, 4])
    func some(count: Int) throws {
        let account = try SimulatedAccount(media: TestMedia.real, configure: Self.streams)
        let mount = try MountedAccount(account, options: ["--no-probing"])
        let files = try Self.files(account)
        #expect(files.count > 4 && files.contains { !$0.file.encrypted && !$0.file.name.hasSuffix("wav") })
        // By the second answer of this kind the host is known.
        let known = try account.original("mono.wav")
        #expect(try mount.checksum(of: known) == known.file.sha256)
        for file in files where file.sid != known.sid {
            account.simulator.faults = [Self.half(file, count: count)]
            try mount.expectRightOrError(file)
            let holder = try RunningCommand(["sh", "-c", "exec 3<\"$1\" && sleep 60", "sh", mount.path(of: file)])
            defer { holder.kill() }
            // Encrypted voice is declared bad by its tag, and tried again after 10 and 20 seconds.
            try mount.expectRight(file, within: 90)
        }
    }

    @Test("Many in a row change neither a size that is known nor what a program reads that has the file open")
    func known() throws {
        let account = try SimulatedAccount(media: TestMedia.real, configure: Self.streams)
        let mount = try MountedAccount(account, options: ["--no-probing"])
        for file in try Self.files(account) {
            #expect(try mount.checksum(of: file) == file.file.sha256)
            account.simulator.faults = [Self.half(file, count: 4)]
            try Command.shell("echo 1 >/proc/sys/vm/drop_caches")
            let copied = try Command.run(
                Python.words("digest", ["watched", mount.path(of: file), "\(file.file.size)"]))
            // It has read everything, or it has failed.
            let isWhole = copied.lines == [file.file.sha256]
            #expect(isWhole || copied.end == .exited(1) && copied.lines.isEmpty, "\(file.file.name): \(copied.text)")
            try mount.expectRight(file)
        }
    }

    @Test("A file that becomes shorter while it is read ends with an error, and not early")
    func shrunk() throws {
        let folder = try TemporaryFolder()
        let account = try SimulatedAccount(media: nil)
        let sid = "RE" + String(repeating: "a", count: 32)
        let add = { (count: Int) throws -> Data in
            let content = TestMedia.signed(TestMedia.noise(count, seed: UInt64(count)), as: "wav")
            let path = folder.path("\(count).wav")
            try content.write(to: URL(filePath: path))
            try account.change(
                resource: #"{"action":"add","kind":"recording","path":"\#(path)","encrypted":false,"#
                    + #""fields":{"sid":"\#(sid)"}}"#)
            return content
        }
        _ = try add(8_000_000)
        let mount = try MountedAccount(account, options: ["--no-probing"])
        let path = "\(mount.path)/recordings/\(sid).wav"
        let reader = try RunningCommand(Python.words("held_file", ["shrunk", path, "8000000", folder.url.path]))
        try wait(until: "the file is open") { reader.output == Data("open\n".utf8) }
        try account.change(resource: #"{"action":"remove","sid":"\#(sid)"}"#)
        let shorter = try add(2_000_000)
        try Command.shell("echo 1 >/proc/sys/vm/drop_caches")
        let isNoticed = try eventually { try Command.run(["cat", path]).output == shorter }
        #expect(isNoticed, "\(mount.log)")
        #expect(try Command.require(["stat", "-c", "%s", path]).lines == ["2000000"])
        try folder.file("go", "")
        #expect(try reader.wait().lines == ["open", "ESTALE"])
    }
}
