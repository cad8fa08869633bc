import Foundation
import TestSupport
import Testing
import TwilioSimulator

@Suite("Answers in the place of media", .orderlyAndLong, .needsFUSE)
struct UnusableAnswerTests {
    /// What a proxy, a captive portal or a gateway answers once.
    static let answers: [String: String] = [
        "html": #"{"type":"answer","contentType":"text/html","body":"<html>Please log in</html>"}"#,
        "json": #"{"type":"answer","contentType":"application/json","body":"{\"code\":20500}"}"#,
        "xml": #"{"type":"answer","contentType":"application/xml","body":"<Error/>"}"#,
        "untyped": #"{"type":"answer","body":"<html>Please log in, this page has no type</html>"}"#,
        "octets": #"{"type":"answer","contentType":"application/octet-stream","body":"Service unavailable"}"#,
        "empty": #"{"type":"answer","contentType":"application/octet-stream","body":""}"#,
        "nothing": #"{"type":"answer","code":204}"#,
        "short": #"{"type":"shorten","toBytes":1600,"ignoresRange":true}"#,
        "negative": #"{"type":"headers","headers":{"Content-Length":"-1"}}"#,
        "endless": #"{"type":"headers","headers":{"Content-Length":"18446744073709551616"}}"#,
        "reversed": #"{"type":"headers","headers":{"Content-Range":"bytes 9-5/40000"}}"#,
        "elsewhere": #"{"type":"headers","headers":{"Content-Range":"bytes 1000-1031/2000"}}"#,
    ]

    /// Those that are repeated within a request, so that nobody notices them: they contradict HTTP.
    static let contradictory: Set<String> = ["negative", "endless", "reversed", "elsewhere"]

    /// One file for each answer, in each kind, sealed and not, and each order of asking.
    private static func makeMedia(in folder: TemporaryFolder) throws {
        for (folderName, suffix) in [("recordings", "wav"), ("video-recordings", "mka"), ("compositions", "mp4")] {
            for part in ["", "/unencrypted"] {
                let path = "\(folder.url.path)/\(folderName)\(part)"
                try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
                for (number, name) in answers.keys.sorted().enumerated() {
                    for order in ["stat", "read"] {
                        let bytes = TestMedia.noise(40_000 + number, seed: UInt64(number))
                        let content = part.isEmpty ? bytes : TestMedia.signed(bytes, as: suffix)
                        let file = "\(path)/\(name)-\(order)\(part.isEmpty ? "" : "-plain").\(suffix)"
                        try content.write(to: URL(filePath: file))
                    }
                }
            }
        }
    }

    /// Has each file's answer come once, in the place of what is asked for at the path that ends as `end` says.
    private static func spoilOnce(_ account: SimulatedAccount, at end: (String, ManifestEntry) -> String) throws {
        let rules = try account.originals().map { sid, file in
            let action = try #require(answers[String(file.name.split(separator: "-").first ?? "")])
            return #"{"path":"*\#(end(sid, file))","count":1,"action":\#(action)}"#
        }
        try account.add(faults: "[\(rules.joined(separator: ","))]")
    }

    /// Asks for size and bytes of each file, in the order that its name says: a line for each wrong answer.
    ///
    /// An error is right here, unless `isStrict` or the file's answer is one of those that are never noticed.
    private func wrongAnswers(_ account: SimulatedAccount, _ mount: MountedAccount, isStrict: Bool) throws -> [String] {
        let list = try account.originals().map { sid, file in
            "\(file.mountedPath(sid: sid)) \(file.name.contains("-stat") ? "stat" : "read") \(file.size) \(file.sha256)"
                + " \(file.name)"
        }
        return try Python.run(
            "wrong_answers", [mount.path, isStrict ? "strict" : "lenient"] + Self.contradictory,
            input: Data(list.joined(separator: "\n").utf8), seconds: 120
        ).lines
    }

    @Test(
        "One page, error document or cut body in the place of media is an error or isn't noticed",
        arguments: [true, false])
    func once(sendsETag: Bool) throws {
        let media = try TemporaryFolder()
        let cache = try TemporaryFolder()
        try Self.makeMedia(in: media)
        let account = try SimulatedAccount(media: media.url) { $0.behaviour.sendsETag = sendsETag }
        do {
            let mount = try MountedAccount(account, options: ["--no-probing"], cacheFolder: cache.path("cache"))
            try Command.shell("ls recordings video-recordings compositions >/dev/null", directory: mount.path)
            try Self.spoilOnce(account) { sid, file in "\(sid).\(file.name.split(separator: ".").last ?? "")" }
            #expect(try wrongAnswers(account, mount, isStrict: false) == [])
            // Each fault has come by now: the server is well again, and so is the mount.
            #expect(try wrongAnswers(account, mount, isStrict: true) == [])
            try mount.unmount()
        }
        let mount = try MountedAccount(account, cacheFolder: cache.path("cache"))
        #expect(try wrongAnswers(account, mount, isStrict: true) == [])
    }

    @Test("One page, error document or nothing in the place of video's redirect isn't noticed")
    func onceInsteadOfRedirect() throws {
        let media = try TemporaryFolder()
        try Self.makeMedia(in: media)
        let account = try SimulatedAccount(media: media.url)
        let mount = try MountedAccount(account, options: ["--no-probing"])
        try Command.shell("ls recordings video-recordings compositions >/dev/null", directory: mount.path)
        try Self.spoilOnce(account) { sid, _ in "\(sid)/Media" }
        #expect(try wrongAnswers(account, mount, isStrict: true) == [])
        let answered = Set(account.requests.filter { $0.path.hasSuffix("/Media") }.compactMap(\.status))
        #expect(answered.isSuperset(of: [200, 204, 302]))
    }

    @Test("What is short at first and whole later becomes right in the same mount", arguments: [true, false])
    func shortAtFirst(sendsETag: Bool) throws {
        let account = try SimulatedAccount(media: TestMedia.real) { $0.behaviour.sendsETag = sendsETag }
        let mount = try MountedAccount(account, options: ["--no-probing"])
        // Of each something tells that it is short: its tag or padding, its header, or its resource.
        let checked = try account.originals()
        #expect(checked.values.contains { !$0.encrypted && !$0.name.hasSuffix("wav") })
        try account.add(
            faults: #"[{"path":"*.wav","action":{"type":"shorten","toBytes":50000}},"#
                + #"{"host":"media","path":"/","action":{"type":"shorten","toBytes":50000}}]"#)
        for (sid, file) in checked { #expect(try mount.checksum(of: (sid, file)) == nil, "\(file.name)") }
        account.clearFaults()
        for (sid, file) in checked {
            try mount.expectRight((sid, file), within: 40)
            #expect(
                try Command.require(["stat", "-c", "%s", mount.path(of: (sid, file))]).lines == ["\(file.size)"])
        }
    }

    @Test("Encrypted voice that was declared bad is right again without a remount, once the server is")
    func condemned() throws {
        let bench = try MountBench()
        let path = try bench.path("long.wav")
        try Command.require(["stat", path])
        try bench.account.add(faults: #"{"path":"*.wav","action":{"type":"corrupt","offset":350000,"mask":1}}"#)
        for _ in 0..<2 { #expect(try Command.run(["cat", path]).end == .exited(1)) }
        bench.account.clearFaults()
        // It isn't fetched again for each read; and is, after a while.
        #expect(try Command.run(["cat", path]).end == .exited(1))
        let sha256 = try bench.account.original("long.wav").file.sha256
        #expect(try eventually(within: 40) { try Command.run(["sha256sum", path]).text.hasPrefix(sha256) })
        let verified = try eventually {
            try Command.require(["getfattr", "-n", "user.twilio.integrity", path]).text.contains("\"verified\"")
        }
        #expect(verified)
    }

    @Test("Encrypted video without its envelope's headers is an error, and right once they come")
    func noEnvelope() throws {
        let bench = try MountBench()
        bench.account.simulator.behaviour.sendsEnvelope = false
        for name in ["long.mkv", "blocks.mp4"] {
            let result = try Command.run(["cat", bench.path(name)])
            #expect(result.end == .exited(1) && result.errorText.contains("Input/output error"), "\(name)")
        }
        #expect(bench.mount.hasLogged("envelope"))
        bench.account.simulator.behaviour.sendsEnvelope = true
        for name in ["long.mkv", "blocks.mp4"] {
            #expect(try bench.checksum(name) == bench.account.original(name).file.sha256)
        }
    }
}
