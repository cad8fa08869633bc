import Foundation
import TestSupport
import Testing

@Suite("twilio-simulator", .orderly)
struct SimulatorCommandTests {
    private struct Ready: Decodable {
        struct Subaccount: Decodable, Equatable {
            let sid: String
            let authToken: String
            let name: String
        }

        let apiURL: String
        let accountSid: String
        let authToken: String
        let subaccounts: [Subaccount]
    }

    private let root: TemporaryFolder

    init() throws {
        root = try TemporaryFolder()
    }

    private func start(_ options: String...) throws -> (process: RunningCommand, ready: Ready) {
        let process = try RunningCommand(
            [BuiltPrograms.simulator, "--exit-with-parent", "--public-key", KeyPair.shared.publicKey] + options,
            keepsInputOpen: true)
        #expect(eventually(within: 30) { process.output.last == UInt8(ascii: "\n") || !process.isRunning })
        return (process, try JSONDecoder().decode(Ready.self, from: process.output))
    }

    private func get(_ ready: Ready, _ path: String) throws -> [String: Any] {
        let output = try Command.require(
            ["curl", "-gsS", "--fail-with-body", "-u", "\(ready.accountSid):\(ready.authToken)", ready.apiURL + path]
        ).output
        return try #require(try JSONSerialization.jsonObject(with: output) as? [String: Any])
    }

    @Test("Subaccounts are as they were described, and told of when it is ready")
    func subaccounts() throws {
        let media = root.url.appending(path: "media/recordings")
        try FileManager.default.createDirectory(at: media, withIntermediateDirectories: true)
        try Data(#"{"status":"completed"}"#.utf8).write(to: media.appending(path: "call.json"))
        let sid = "AC" + String(repeating: "5", count: 32)
        let (process, ready) = try start(
            "--subaccount", "name=Sales & Co,media=\(root.path("media")),sid=\(sid),token=secret", "--subaccount",
            "name=Old,status=closed")
        defer { process.send(SIGTERM) }
        #expect(ready.subaccounts.first == Ready.Subaccount(sid: sid, authToken: "secret", name: "Sales & Co"))
        #expect(ready.subaccounts.map(\.name) == ["Sales & Co", "Old"])
        let recordings = try get(ready, "/2010-04-01/Accounts/\(sid)/Recordings.json")["recordings"] as? [Any]
        #expect(recordings?.count == 1)
        let old = try get(ready, "/2010-04-01/Accounts/\(ready.subaccounts[1].sid).json")
        #expect(old["status"] as? String == "closed")
    }

    @Test("Signed requests can be demanded from the start")
    func clientValidation() throws {
        let (process, ready) = try start("--client-validation", "enforced")
        defer { process.send(SIGTERM) }
        let login = "\(ready.accountSid):\(ready.authToken)"
        let answer = try Command.require(["curl", "-gsS", "-u", login, "\(ready.apiURL)/v1/Recordings"]).text
        #expect(answer.contains("70052"))
    }

    @Test("The switches of lists of generated recordings are obeyed")
    func lists() throws {
        let (process, ready) = try start(
            "--generate-recordings", "100", "--generated-envelopes", "random", "--list-order", "oldest-first",
            "--paging", "index")
        defer { process.send(SIGTERM) }
        let page = try get(ready, "/2010-04-01/Accounts/\(ready.accountSid)/Recordings.json?PageSize=30")
        let recordings = try #require(page["recordings"] as? [[String: Any]])
        let keys = recordings.compactMap { ($0["encryption_details"] as? [String: Any])?["encrypted_cek"] as? String }
        #expect(Set(keys).count == 30)
        #expect((page["next_page_uri"] as? String)?.contains("PageToken") == false)
        let next = try get(ready, try #require(page["next_page_uri"] as? String))
        let later = try #require((next["recordings"] as? [[String: Any]])?.first?["date_created"] as? String)
        #expect(recordings.first?["date_created"] as? String != later)
    }

    @Test(
        "A subaccount that can't be is refused with a sentence",
        arguments: [
            ("media=x", "has no name"), ("name=x,colour=red", "colour=red says nothing"),
            ("name=x,status=asleep", "no status asleep"), ("name=x,sid=AC1", "AC1 is no SID"),
            ("name=x,name=y", "name=y says nothing"),
        ])
    func refusals(argument: String, words: String) throws {
        let result = try Command.run([BuiltPrograms.simulator, "--subaccount", argument])
        #expect(result.end != .exited(0))
        #expect(result.errorText.contains(words))
    }

    @Test("A restricted key is as it was described")
    func restrictedKey() throws {
        let key = "SK" + String(repeating: "5", count: 32)
        let (process, ready) = try start(
            "--restricted-key", "sid=\(key),secret=hidden,kinds=video-recording+composition,status=403,code=20403",
            "--no-video")
        defer { process.send(SIGTERM) }
        for (path, status) in [
            ("/2010-04-01/Accounts/\(ready.accountSid)/Recordings.json", "403"), ("/v1/Recordings", "404"),
        ] {
            let result = try Command.require(
                ["curl", "-gsS", "-o", "/dev/null", "-w", "%{http_code}", "-u", "\(key):hidden", ready.apiURL + path])
            #expect(result.text == status, "\(path)")
        }
    }

    @Test(
        "A key that can't be is refused with a sentence",
        arguments: [
            ("secret=x", "has no SID"), ("sid=SK1", "SK1 is no SID"), ("sid=SK1,kinds=fax", "no kind fax"),
            ("sid=SK1,status=x", "status=x is no number"), ("sid=SK1,colour=red", "colour=red says nothing"),
        ])
    func keyRefusals(argument: String, words: String) throws {
        let result = try Command.run([BuiltPrograms.simulator, "--restricted-key", argument])
        #expect(result.end != .exited(0))
        #expect(result.errorText.contains(words))
    }
}
