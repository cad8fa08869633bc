import Foundation
import TestSupport
import Testing
import TwilioSimulator

@Suite("Exported media", .orderly)
struct ExportTests {
    /// One entry of `objects.json`.
    private struct ExportedObject: Decodable {
        let path: String
        let headers: [String: String]
    }

    @Test("It is what the media host sends, with the headers that belong to it")
    func objects() throws {
        let folder = try TemporaryFolder()
        let bench = try SimulatorBench(files: [
            "recordings/call.wav": wave(seconds: 2), "video-recordings/track.mka": noise(3_000_000),
            "compositions/unencrypted/film.mp4": noise(100),
        ]) {
            $0.exportFolder = folder.path("export")
            $0.behaviour.voiceRedirect = .found
        }
        let list = try Data(contentsOf: folder.url.appending(path: "export/objects.json"))
        let objects = try JSONDecoder().decode([ExportedObject].self, from: list)
        #expect(objects.count == 3)
        for (name, resource) in [
            ("call.wav", try bench.voiceMedia("call.wav")),
            ("track.mka", "/v1/Recordings/\(try bench.sid("track.mka"))/Media"),
            ("film.mp4", "/v1/Compositions/\(try bench.sid("film.mp4"))/Media"),
        ] {
            let sid = try bench.sid(name)
            let object = try #require(objects.first { $0.path.contains(sid) })
            let sent = try bench.api(resource, ["-L"])
            #expect(sent.status == 200)
            #expect(try Data(contentsOf: folder.url.appending(path: "export/\(object.path)")) == sent.body, "\(name)")
            #expect(bench.simulator.requests.last?.path == object.path)
            for (header, value) in object.headers { #expect(sent.headers[header.lowercased()] == value, "\(name)") }
            #expect((object.headers["x-amz-meta-x-amz-key"] != nil) == (name == "track.mka"))
        }
    }

    @Test("Presigned addresses lead to another server when one is named, and back")
    func origin() throws {
        let bench = try SimulatorBench(files: ["video-recordings/track.mka": noise(100)])
        let sid = try bench.sid("track.mka")
        bench.simulator.behaviour.mediaOrigin = "http://127.0.0.1:9"
        let account = bench.simulator.credentials.accountSID
        #expect(try bench.address(sid).hasPrefix("http://127.0.0.1:9/\(account)/\(sid).mka?"))
        bench.simulator.behaviour.mediaOrigin = nil
        #expect(try bench.curl(bench.address(sid)).status == 200)
    }

    @Test("Resources name a customer's bucket when there is one, and Twilio's addresses of media answer 404")
    func bucket() throws {
        let bench = try SimulatorBench(files: [
            "recordings/call.wav": wave(seconds: 1), "video-recordings/track.mka": noise(100),
            "compositions/film.mp4": noise(100),
        ])
        bench.simulator.behaviour.bucket = "https://bucket.example/prefix"
        let account = bench.simulator.credentials.accountSID
        for (name, resource, member, media) in [
            (
                "call.wav", "\(bench.accountPath)/Recordings/SID.json", "media_url",
                "\(bench.accountPath)/Recordings/SID.wav"
            ),
            ("track.mka", "/v1/Recordings/SID", "media_external_location", "/v1/Recordings/SID/Media"),
            ("film.mp4", "/v1/Compositions/SID", "media_external_location", "/v1/Compositions/SID/Media"),
        ] {
            let sid = try bench.sid(name)
            let suffix = try #require(name.split(separator: ".").last)
            let body = try bench.api(resource.replacing("SID", with: sid)).body
            let fields = try #require(try JSONSerialization.jsonObject(with: body) as? [String: Any])
            #expect(fields[member] as? String == "https://bucket.example/prefix/\(account)/\(sid).\(suffix)")
            #expect(try bench.api(media.replacing("SID", with: sid)).status == 404)
        }
    }
}
