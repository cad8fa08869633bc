import Foundation
import TestSupport
import Testing

/// Texts of a server with everything in them that steers a terminal, or forges a line of a log.
@Suite("Texts from outside reach no terminal and no log as they are", .orderly, .needsFUSE)
struct ForeignTextTests {
    private static let hostile = #"x\u001b]0;owned\u0007\u001b[2J\r\n\u009b1m\u2028\u2029\u202e\u2066\u007fy"#
    private static let account = "AC0123456789abcdef0123456789abcdef"
    private static let subaccount = "ACfedcba9876543210fedcba9876543210"
    private static let recording = "RE00000000000000000000000000000001"

    /// What of a text isn't harmless: control characters but newlines, and what has an effect without being seen.
    private static func odd(_ text: String) -> [String] {
        text.unicodeScalars.filter { scalar in
            scalar != "\n"
                && [.control, .format, .lineSeparator, .paragraphSeparator].contains(
                    scalar.properties.generalCategory)
        }.map { String($0.value, radix: 16) }
    }

    private static func refusal(_ status: Int) -> LoopbackServer.Answer {
        LoopbackServer.Answer(
            status: status, fields: [("Content-Type", "application/json")],
            body: Array(#"{"code":20003,"message":"\#(hostile)","status":\#(status)}"#.utf8))
    }

    private static func json(_ text: String) -> LoopbackServer.Answer {
        LoopbackServer.Answer(fields: [("Content-Type", "application/json")], body: Array(text.utf8))
    }

    /// An account whose every text is hostile.
    private static func server() throws -> LoopbackServer {
        let resource = """
            {"sid":"\(recording)","status":"\(hostile)","account_sid":"\(hostile)","call_sid":"\(hostile)",\
            "date_created":"Fri, 14 Oct 2016 21:56:34 +0000","media_url":"\(hostile)"}
            """
        let completed = resource.replacing(#""status":"\#(hostile)""#, with: #""status":"completed""#)
            .replacing(recording, with: String(recording.dropLast()) + "2")
        return try LoopbackServer { request in
            if request.target.hasPrefix("/2010-04-01/Accounts.json") {
                return json(
                    """
                    {"accounts":[{"sid":"\(subaccount)","friendly_name":"\(hostile)","status":"\(hostile)"}],\
                    "next_page_uri":null}
                    """)
            }
            if request.target.contains("/Recordings.json") {
                return json(#"{"recordings":[\#(resource),\#(completed)],"next_page_uri":null}"#)
            }
            // Each list is requested once before the mount.
            if request.target.hasPrefix("/v1/"), request.target.hasSuffix("PageSize=1") {
                let key = request.target.contains("Compositions") ? "compositions" : "recordings"
                return json(#"{"\#(key)":[],"meta":{"key":"\#(key)","next_page_url":null}}"#)
            }
            // Media and video.
            return refusal(request.target.hasPrefix("/v1/") ? 400 : 403)
        }
    }

    private static func command(_ server: LoopbackServer, _ folder: TemporaryFolder, _ mount: String) -> [String] {
        [
            BuiltPrograms.twiliofs, "mount", "--foreground", "--no-key", "--subaccounts", "--log-level", "debug",
            "--cache-dir", folder.path("cache"), "--api-url", server.url, "--video-url", server.url, mount,
        ]
    }

    private static let variables = [
        "TWILIO_ACCOUNT_SID": account, "TWILIO_AUTH_TOKEN": "fedcba98fedcba98fedcba98fedcba98",
    ]

    @Test("Of an account whose every text is hostile, log, status, extended attributes and errors are clean")
    func mounted() throws {
        let server = try Self.server()
        let folder = try TemporaryFolder()
        let mount = try folder.folder("mount")
        let process = try RunningCommand(
            Self.command(server, folder, mount), environment: Command.environment.merging(Self.variables) { $1 })
        defer {
            process.send(SIGTERM)
            if !eventually(within: 10, { !process.isRunning }) { process.kill() }
            server.stop()
        }
        try #require(
            eventually(within: 30) { MountedAccount.isMounted(mount) || !process.isRunning } && process.isRunning,
            "\(process.errorText)")
        let script = """
            ls -la recordings metadata/recordings; ls video-recordings compositions
            cat recordings/*; getfattr -d recordings/*; ls -la accounts/*/recordings
            """
        let listing = try Command.run(["/bin/sh", "-c", script], directory: mount)
        #expect(listing.text.contains("2.wav"))
        #expect(Self.odd(listing.text + listing.errorText) == [])
        for options in [[], ["--json"]] {
            let status = try Command.run([BuiltPrograms.twiliofs, "status"] + options + [mount])
            #expect(Self.odd(status.text + status.errorText) == [], "\(options)")
            if options.isEmpty { #expect(status.text.contains("x\u{FFFD}]0;owned")) }
        }
        let metrics = try Command.require(["cat", mount + "/.twiliofs/metrics"]).text
        #expect(Self.odd(metrics) == [])
        #expect(eventually { process.errorText.contains("owned") }, "\(process.errorText)")
        #expect(Self.odd(process.errorText) == [])
    }

    @Test("A refusal of the credentials is one line", arguments: [401, 403, 400])
    func refused(status: Int) throws {
        let server = try LoopbackServer { _ in Self.refusal(status) }
        defer { server.stop() }
        let folder = try TemporaryFolder()
        let result = try Command.run(
            Self.command(server, folder, try folder.folder("mount")), adding: Self.variables)
        #expect(result.end != .exited(0))
        #expect(Self.odd(result.errorText) == [])
        let message = result.errorText.split(separator: "\n").filter { $0.hasPrefix("twiliofs:") }
        #expect(message.count == 1, "\(result.errorText)")
    }
}
