import Foundation
import Support
import TestSupport
import Testing
import TwilioSimulator

@Suite("Keys, settings and control", .orderly)
struct ControlTests {
    @Test("Public keys are uploaded, listed, and deleted, and seal what asks for them")
    func publicKeys() throws {
        let bench = try SimulatorBench()
        let path = "/v1/Credentials/PublicKeys"
        let pem = try SimulatorBench.keys[1].get().publicPEM
        let created = try bench.api(
            path, ["--data-urlencode", "PublicKey=\(pem)", "--data-urlencode", "FriendlyName=A & B"])
        #expect(created.status == 201)
        let sid = try #require(created.json["sid"]?.string)
        #expect(sid.hasPrefix("CR") && sid.count == 34)
        #expect(created.json["friendly_name"] == "A & B")
        #expect(!created.text.contains("BEGIN PUBLIC KEY"))
        let list = try bench.api(path)
        #expect(list.json["meta"]?["key"] == "credentials")
        #expect(list.sids("credentials").contains(sid))
        let file = try bench.folder.file("new.mka", noise(10))
        let recording = try bench.simulator.add(
            .videoRecording, file: file, fields: ["public_key_sid": .string(sid)])
        #expect(try bench.api("/v1/Recordings/\(recording)").json["encryption_key"]?.string == sid)
        #expect(try bench.api("\(path)/\(sid)").status == 200)
        #expect(try bench.api("\(path)/\(sid)", ["-X", "DELETE"]).status == 204)
        #expect(try bench.api("\(path)/\(sid)").status == 404)
        #expect(try bench.api(path, ["-d", "PublicKey=nonsense"]).status == 400)
        #expect(try bench.api(path, ["-d", "FriendlyName=none"]).status == 400)
    }

    @Test("Settings are read and posted whole", arguments: ["RecordingSettings", "CompositionSettings"])
    func settings(name: String) throws {
        let bench = try SimulatorBench()
        let path = "/v1/\(name)/Default"
        #expect(try bench.api(path).json["encryption_enabled"] == false)
        let key = try #require(bench.simulator.publicKeySID)
        #expect(try bench.api(path, ["-d", "EncryptionEnabled=true"]).status == 400)
        #expect(try bench.api(path, ["-d", "FriendlyName=x&EncryptionKeySid=CR0"]).status == 400)
        let posted = try bench.api(
            path, ["-d", "FriendlyName=x&EncryptionEnabled=true&EncryptionKeySid=\(key)&AwsS3Url=https://b"])
        #expect(posted.status == 201)
        let read = try bench.api(path).json
        #expect(read == posted.json)
        #expect(read["encryption_key_sid"]?.string == key)
        #expect(read["aws_s3_url"] == "https://b")
        #expect(try bench.api(path, ["-d", "FriendlyName=x"]).json["aws_s3_url"] == .null)
    }

    @Test("The log tells what was asked, and never a signature")
    func log() throws {
        let bench = try SimulatorBench(files: ["video-recordings/track.mka": noise(1000)])
        _ = try bench.curl(bench.address(bench.sid("track.mka")), ["-r", "0-99"])
        let answer = try bench.control("requests")
        let entries = try JSONDecoder().decode([LoggedRequest].self, from: answer.body)
        #expect(entries == bench.simulator.requests)
        #expect(entries.map(\.host) == [.api, .media])
        #expect(entries.map(\.status) == [302, 206])
        #expect(entries.map(\.authorization) == [true, false])
        #expect(entries[1].bodyBytes == 100)
        #expect(entries[1].query.contains("X-Amz-Expires=600"))
        #expect(entries[1].query.hasSuffix("X-Amz-Signature="))
        #expect(try bench.control("requests", ["-X", "DELETE"]).status == 204)
        #expect(bench.simulator.requests.isEmpty)
    }

    @Test("Behaviour is read, merged, and refused where it makes no sense")
    func behaviour() throws {
        let bench = try SimulatorBench()
        let changed = try bench.control(
            "behaviour", ["-X", "PATCH", "-d", #"{"voiceRange":"ignored","pageSizeLimit":5,"nullFields":["price"]}"#])
        #expect(changed.status == 200)
        #expect(bench.simulator.behaviour.voiceRange == .ignored)
        #expect(bench.simulator.behaviour.pageSizeLimit == 5)
        #expect(bench.simulator.behaviour.nullFields == ["price"])
        #expect(try bench.control("behaviour", ["-X", "PATCH", "-d", #"{"pageSizeLimit":null}"#]).status == 200)
        #expect(bench.simulator.behaviour.pageSizeLimit == nil)
        let decoded = try JSONDecoder().decode(Behaviour.self, from: try bench.control("behaviour").body)
        #expect(decoded == bench.simulator.behaviour)
        for wrong in [#"{"voicerange":"ignored"}"#, #"{"voiceRange":"sometimes"}"#, "{"] {
            #expect(try bench.control("behaviour", ["-X", "PATCH", "-d", wrong]).status == 400)
        }
    }

    @Test("Every fault can be posted and is listed as it was posted")
    func faults() throws {
        let bench = try SimulatorBench()
        let rules = [
            FaultRule(.status(500, retryAfter: 1), host: .api, method: "GET", path: "/v1/*", after: 1, count: 2),
            FaultRule(.reset(afterBytes: 1)), FaultRule(.stall(afterBytes: 2)), FaultRule(.truncate(afterBytes: 3)),
            FaultRule(.corrupt(offset: 4, mask: 255)), FaultRule(.changeETag),
            FaultRule(.reset(afterBytes: nil), probability: 0.25, seed: .max),
        ]
        let body = String(decoding: try JSONEncoder().encode(rules), as: UTF8.self)
        #expect(try bench.control("faults", ["-d", body]).status == 201)
        #expect(bench.simulator.faults == rules)
        #expect(try bench.control("faults", ["-d", #"{"action":{"type":"changeETag"}}"#]).status == 201)
        #expect(bench.simulator.faults.count == 8)
        #expect(try bench.control("faults", ["-d", #"{"action":{"type":"melt"}}"#]).status == 400)
        #expect(try bench.control("faults", ["-X", "DELETE"]).status == 204)
        #expect(bench.simulator.faults.isEmpty)
    }

    @Test("Resources are added, updated, deleted and removed at run time")
    func resources() throws {
        let bench = try SimulatorBench()
        let file = try bench.folder.file("late.wav", wave(seconds: 1))
        func post(_ body: String) throws -> CurlAnswer { try bench.control("resources", ["-d", body]) }
        let added = try post(
            #"{"action":"add","kind":"recording","path":"\#(file)","fields":{"status":"processing"}}"#)
        let sid = try #require(added.json["sid"]?.string)
        let path = "\(bench.accountPath)/Recordings/\(sid)"
        #expect(try bench.api("\(path).wav").status == 404)
        #expect(
            try post(#"{"action":"update","sid":"\#(sid)","fields":{"status":"completed","call_sid":"CA5"}}"#).status
                == 200)
        #expect(try bench.api("\(path).wav").body.count == 16_060)
        #expect(try bench.api("\(path).json").json["call_sid"] == "CA5")
        let entry = try #require(try bench.control("manifest").json[sid])
        #expect(try entry["sha256"]?.string == String(Command.require(["sha256sum", file]).text.prefix(64)))
        #expect(entry["size"] == 16_044)
        #expect(entry["encrypted"] == true)
        #expect(try post(#"{"action":"delete","sid":"\#(sid)"}"#).status == 200)
        #expect(try bench.api("\(path).json").json["status"] == "deleted")
        #expect(try post(#"{"action":"remove","sid":"\#(sid)"}"#).status == 200)
        #expect(try bench.api("\(path).json").status == 404)
        #expect(try post(#"{"action":"remove","sid":"\#(sid)"}"#).status == 404)
        #expect(try post(#"{"action":"add","kind":"recording","path":"/nowhere.wav"}"#).status == 500)
    }

    @Test("SIDs are the file's where it is one, and otherwise the same at every start")
    func sids() throws {
        let sid = "RE" + String(repeating: "ab", count: 16)
        let files = ["recordings/\(sid).wav": try wave(seconds: 1), "recordings/name.wav": try wave(seconds: 1)]
        let first = try SimulatorBench(files: files).simulator.manifest
        let second = try SimulatorBench(files: files).simulator.manifest
        #expect(first[sid] != nil)
        #expect(first.keys.sorted() == second.keys.sorted())
        #expect(first.count == 2)
    }

    @Test("A start that can't succeed says why")
    func refusals() throws {
        let bad = try #require(throws: SimulatorError.self) {
            _ = try TwilioSimulator.start(SimulatorConfiguration(publicKeys: [.init(pem: "nonsense")]))
        }
        #expect(bad.code == .cryptography)
        let bench = try SimulatorBench()
        let port = try #require(Int(bench.simulator.apiURL.split(separator: ":").last ?? ""))
        let taken = try #require(throws: SimulatorError.self) {
            var configuration = SimulatorConfiguration()
            configuration.apiPort = port
            _ = try TwilioSimulator.start(configuration)
        }
        #expect(taken.code == .network)
        #expect(taken.message.contains(String(port)))
    }
}
