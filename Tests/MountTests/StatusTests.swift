import Foundation
import Glibc
import TestSupport
import Testing

@Suite("What a mount tells of itself", .orderly, .needsFUSE)
struct StatusTests {
    private func status(_ words: String..., directory: String = "/") throws -> CommandResult {
        try Command.run([BuiltPrograms.twiliofs, "status"] + words, directory: directory)
    }

    @Test("twiliofs status prints it for people, and status.json as it is for programs")
    func command() throws {
        let bench = try MountBench()
        try bench.shell("ls recordings video-recordings compositions >/dev/null; cat recordings/* >/dev/null")
        let text = try status(bench.mount.path)
        #expect(text.end == .exited(0) && text.errorText == "")
        #expect(text.text.contains(bench.account.sid))
        #expect(text.text.contains("on \(bench.mount.path), "))
        #expect(text.text.contains(#/\nrecordings +complete +3 /#))
        #expect(!text.text.contains("\u{1B}"))
        let json = try status("--json", bench.mount.path)
        #expect(json.output.count == 16 << 10)
        let folder = try TemporaryFolder()
        let object = try Command.require([
            "jq", "-r", ".account, .lists.recordings.state, .bytes.served > 0, .errors.system.ENOENT // 0",
            try folder.file("status.json", json.text),
        ])
        #expect(object.lines.dropLast() == [bench.account.sid, "complete", "true"])
    }

    @Test("Any path in the mount leads to it: below, relative, through links; one that leads out of it doesn't")
    func paths() throws {
        let bench = try MountBench()
        let folder = try TemporaryFolder()
        try Command.shell(
            #"ln -s "$1/recordings" link; ln -s link second; ln -s "$1/.." out"#, bench.mount.path,
            directory: folder.url.path)
        let parent = URL(filePath: bench.mount.path).deletingLastPathComponent().path
        for (path, directory) in [
            (try bench.path("long.wav"), "/"), ("\(bench.mount.path)/no/such/file", "/"), (".", bench.mount.path),
            ("..", bench.mount.path + "/recordings"), ("mount/", parent), ("./mount/recordings/../.", parent),
            ("link", folder.url.path), ("second", folder.url.path),
        ] {
            #expect(try status(path, directory: directory).text.contains("on \(bench.mount.path), "), "\(path)")
        }
        for (path, directory) in [("..", bench.mount.path), ("out", folder.url.path), ("mount/../x", parent)] {
            #expect(try status(path, directory: directory).end == .exited(10), "\(path)")
        }
    }

    @Test("A mount that has died, and one that hangs, end with a sentence and status 10, soon")
    func deadAndHanging() throws {
        let bench = try MountBench()
        bench.mount.process.send(SIGSTOP)
        let start = ContinuousClock.now
        let hanging = try Command.run([BuiltPrograms.twiliofs, "status", bench.mount.path])
        #expect(hanging.end == .exited(10))
        #expect(
            hanging.errorText.contains("'\(bench.mount.path)' has not answered")
                && ContinuousClock.now - start > .seconds(4))
        #expect(hanging.errorText.split(separator: "\n").count == 1)
        bench.mount.process.send(SIGCONT)
        let answering = try status(bench.mount.path)
        #expect(answering.end == .exited(0), "\(answering), \(bench.mount.log)")
        bench.mount.process.kill()
        #expect(eventually { !bench.mount.process.isRunning })
        let dead = try status(bench.mount.path)
        #expect(dead.end == .exited(10))
        #expect(
            dead.errorText
                == """
                twiliofs: the mount on '\(bench.mount.path)' has died: mount again, which removes it, or run 'twiliofs \
                unmount \(bench.mount.path)'

                """)
    }

    @Test("A backup of it moves nothing the second time, and nothing changes while it is read")
    func backup() throws {
        let bench = try MountBench()
        let folder = try TemporaryFolder()
        let source = bench.mount.path + "/.twiliofs"
        try Command.require(["rsync", "-a", source, folder.url.path])
        // Everything that is told is another thing now.
        try bench.shell(
            "cat recordings/* video-recordings/* compositions/* >/dev/null; cat nothing 2>/dev/null || true")
        let second = try Command.require(["rsync", "-ai", source, folder.url.path])
        #expect(second.text == "", "nothing is moved")
        for _ in 0..<20 {
            let archive = try Command.shell(#"tar -C "$1" -cf - . | tar -tvf - 2>&1"#, source)
            #expect(archive.errorText == "" && archive.lines.count == 4, "\(archive.text)")
        }
        #expect(
            try bench.shell(#"for f in .twiliofs/*; do [ "$(stat -c %s $f)" = "$(cat $f | wc -c)" ] || echo $f; done"#)
                .text == "")
        #expect(try Command.require(["jq", "-r", ".schema", folder.path(".twiliofs/status.json")]).lines == ["1"])
        let metrics = try Data(contentsOf: URL(filePath: "\(source)/metrics"))
        try Python.run("metrics_text", usesPackages: true, input: metrics)
    }

    @Test("What programs were told is counted by errno")
    func errors() throws {
        let bench = try MountBench()
        let before = try status("--json", bench.mount.path).output
        try bench.shell("for i in 1 2 3; do cat recordings/nothing-$i 2>/dev/null || true; done")
        let count = { (json: Data) -> Int in
            let object = try JSONSerialization.jsonObject(with: json) as? [String: Any]
            return ((object?["errors"] as? [String: Any])?["system"] as? [String: Int])?["ENOENT"] ?? 0
        }
        #expect(try count(status("--json", bench.mount.path).output) == count(before) + 3)
    }

    @Test("The time of each request is measured by its operation")
    func requestTimes() throws {
        let bench = try MountBench()
        func counts() throws -> [String: Double] {
            let text = try bench.shell("cat .twiliofs/metrics").text
            return try PrometheusReader(text).samples.filter { $0.key.contains("_fuse_request_duration_seconds_count") }
        }
        let before = try counts()
        try bench.shell(
            "ls recordings >/dev/null; cat recordings/*.wav >/dev/null; readlink by-date/*/*/*/* >/dev/null")
        let after = try counts()
        for operation in ["lookup", "opendir", "readdir", "open", "read", "readlink"] {
            let name = "twiliofs_fuse_request_duration_seconds_count operation=\(operation)"
            #expect(after[name] ?? 0 > before[name] ?? 0, "\(operation)")
        }
        #expect(after["twiliofs_fuse_request_duration_seconds_count operation=change"] == 0)
    }
}
