import Foundation
import TestSupport
import Testing
import TwilioSimulator

@Suite("Lists of the 2010 API", .orderly)
struct VoiceListTests {
    private func files(_ count: Int) -> [String: Data] {
        var files: [String: Data] = [:]
        for number in 0..<count {
            // Two a day, the later file the older recording.
            let day = 28 - number / 2
            let side = #"{"status":"completed","date_created":"Sat, \#(day) Feb 2026 10:00:00 +0000"}"#
            files["recordings/lone-\(number).json"] = Data(side.utf8)
        }
        return files
    }

    private func walk(_ bench: SimulatorBench, _ query: String, onPage: (Int) throws -> Void = { _ in }) throws
        -> [[String]]
    {
        var next: String? = "\(bench.accountPath)/Recordings.json?\(query)"
        var pages: [[String]] = []
        while let path = next {
            let answer = try bench.api(path)
            // A chain that never ends must fail, not hang.
            try #require(answer.status == 200 && pages.count < 100)
            #expect(answer.json["page"] == .integer(pages.count))
            pages.append(answer.sids("recordings"))
            next = answer.json["next_page_uri"]?.string
            try onPage(pages.count)
        }
        return pages
    }

    @Test("Pages form a chain that has everything once, newest first")
    func chain() throws {
        let bench = try SimulatorBench(files: files(11))
        let pages = try walk(bench, "PageSize=4")
        #expect(pages.map(\.count) == [4, 4, 3])
        let all = try bench.api("\(bench.accountPath)/Recordings.json?PageSize=1000").json["recordings"]?.array ?? []
        #expect(pages.flatMap { $0 } == all.compactMap { $0["sid"]?.string })
        #expect(Set(pages.flatMap { $0 }).count == 11)
        let days = all.compactMap { $0["date_created"]?.string?.dropFirst(5).prefix(2) }
        #expect(days == days.sorted(by: >))
    }

    @Test("A page exactly full has no next page")
    func exact() throws {
        let bench = try SimulatorBench(files: files(8))
        #expect(try walk(bench, "PageSize=4").map(\.count) == [4, 4])
    }

    @Test("Recordings that arrive or go while pages are walked neither hide nor repeat others")
    func arrivals() throws {
        let bench = try SimulatorBench(files: files(10))
        let before = try walk(bench, "PageSize=1000").flatMap { $0 }
        let pages = try walk(bench, "PageSize=3") { number in
            try bench.simulator.add(.recording, fields: ["status": "completed"])
            if number == 1 { try bench.simulator.remove(before[2]) }
        }
        #expect(pages.flatMap { $0 } == before)
    }

    @Test("Date filters include all of the day on both sides, in GMT")
    func dates() throws {
        let bench = try SimulatorBench(files: [
            "recordings/a.json": Data(#"{"date_created":"2026-02-27T23:59:59Z"}"#.utf8),
            "recordings/b.json": Data(#"{"date_created":"2026-02-28T00:00:00Z"}"#.utf8),
            "recordings/c.json": Data(#"{"date_created":"2026-02-28T23:59:59Z"}"#.utf8),
            "recordings/d.json": Data(#"{"date_created":"2026-03-01T00:00:00Z"}"#.utf8),
        ])
        func dates(_ query: String) throws -> [String] {
            let answer = try bench.api("\(bench.accountPath)/Recordings.json?\(query)")
            return answer.json["recordings"]?.array?.compactMap { $0["date_created"]?.string } ?? []
        }
        let all = try dates("")
        #expect(all.first == "Sun, 01 Mar 2026 00:00:00 +0000")
        #expect(all.last == "Fri, 27 Feb 2026 23:59:59 +0000")
        #expect(try dates("DateCreated=2026-02-28") == Array(all[1...2]))
        #expect(try dates("DateCreated%3E=2026-02-28") == Array(all[0...2]))
        #expect(try dates("DateCreated<=2026-02-28") == Array(all[1...3]))
        #expect(try dates("DateCreated%3E=2026-02-28&DateCreated%3C=2026-02-28&PageSize=1") == [all[1]])
        #expect(try bench.api("\(bench.accountPath)/Recordings.json?DateCreated=yesterday").status == 400)
    }

    @Test("Date filters have each meaning that Twilio's words allow")
    func dateFilters() throws {
        let times = ["2026-02-27T23:59:59Z", "2026-02-28T00:00:00Z", "2026-02-28T12:00:00Z", "2026-03-01T00:00:00Z"]
        var files: [String: Data] = [:]
        for (number, time) in times.enumerated() {
            for folder in ["recordings", "compositions"] {
                files["\(folder)/\(number).json"] = Data(#"{"date_created":"\#(time)"}"#.utf8)
            }
        }
        let bench = try SimulatorBench(files: files)
        func count(_ path: String, _ key: String) throws -> Int {
            try bench.api(path).json[key]?.array?.count ?? -1
        }
        let voice = "\(bench.accountPath)/Recordings.json?DateCreated"
        let video = "/v1/Compositions?DateCreated"
        // Of four: through a day, through its noon, from a day, from its noon; before and after a second.
        let expected: [Behaviour.DateFilter: [Int]] = [
            .inclusive: [3, 3, 3, 3, 2, 3], .midnight: [2, 2, 3, 3, 2, 3], .time: [2, 3, 3, 2, 2, 3],
            .exclusive: [1, 1, 1, 1, 1, 2],
        ]
        for filter in Behaviour.DateFilter.allCases {
            bench.simulator.behaviour.dateFilter = filter
            let counts = [
                try count("\(voice)%3C=2026-02-28", "recordings"),
                try count("\(voice)%3C=2026-02-28T12:00:00Z", "recordings"),
                try count("\(voice)%3E=2026-02-28", "recordings"),
                try count("\(voice)%3E=2026-02-28T12:00:00Z", "recordings"),
                try count("\(video)Before=2026-02-28T00:00:00Z", "compositions"),
                try count("\(video)After=2026-02-28T00:00:00Z", "compositions"),
            ]
            #expect(counts == expected[filter], "\(filter)")
        }
    }

    @Test("Filters by call and conference hold through pages")
    func calls() throws {
        let call = "CA" + String(repeating: "7", count: 32)
        let side = Data(#"{"call_sid":"\#(call)","conference_sid":"CF7"}"#.utf8)
        var files = files(6)
        for number in 1...3 { files["recordings/x\(number).json"] = side }
        let bench = try SimulatorBench(files: files) { $0.generatedRecordings = 50 }
        #expect(try walk(bench, "CallSid=\(call)&PageSize=2").map(\.count) == [2, 1])
        #expect(try walk(bench, "ConferenceSid=CF7").map(\.count) == [3])
        let generated = TwilioSimulator.generatedSID(33)
        #expect(try walk(bench, "CallSid=CA\(generated.dropFirst(2))") == [[generated]])
    }

    @Test("A million generated recordings are paged from the middle as fast as from the start")
    func million() throws {
        let bench = try SimulatorBench(files: files(3)) { $0.generatedRecordings = 1_000_000 }
        let first = try bench.api("\(bench.accountPath)/Recordings.json?PageSize=1000")
        #expect(first.sids("recordings").count == 1000)
        let date = "2025-12-25"
        let day = try walk(bench, "DateCreated=\(date)&PageSize=500")
        #expect(day.map(\.count) == [500, 500, 440])
        #expect(Set(day.flatMap { $0 }).count == 1440)
        let middle = try bench.api("\(bench.accountPath)/Recordings.json?DateCreated<=\(date)&PageSize=2")
        #expect(middle.sids("recordings") == Array(day.flatMap { $0 }.prefix(2)))
        #expect(middle.seconds < 20 * first.seconds)
        let oldest = TwilioSimulator.generatedSID(999_999)
        #expect(try bench.api("\(bench.accountPath)/Recordings/\(oldest).json").status == 200)
        #expect(
            try bench.api("\(bench.accountPath)/Recordings/\(TwilioSimulator.generatedSID(1_000_000)).json").status
                == 404)
    }

    @Test("Page sizes keep to the API's limit and to the switch")
    func sizes() throws {
        let bench = try SimulatorBench(files: [:]) { $0.generatedRecordings = 1100 }
        func size(_ query: String) throws -> Int {
            try bench.api("\(bench.accountPath)/Recordings.json?\(query)").sids("recordings").count
        }
        #expect(try size("") == 50)
        #expect(try size("PageSize=5000") == 1000)
        bench.simulator.behaviour.pageSizeLimit = 7
        #expect(try size("PageSize=5000") == 7)
        #expect(try bench.api("\(bench.accountPath)/Recordings.json?PageToken=nonsense").status == 400)
    }

    @Test("Deletion takes the media at once, and the metadata out of sight", arguments: [false, true])
    func deletion(generated: Bool) throws {
        let bench = try SimulatorBench(files: ["recordings/call.wav": wave(seconds: 1)]) {
            $0.generatedRecordings = generated ? 2 : 0
        }
        let sid = generated ? TwilioSimulator.generatedSID(1) : try bench.sid("call.wav")
        let path = "\(bench.accountPath)/Recordings/\(sid)"
        #expect(try bench.api("\(path).wav").status == 200)
        let deleted = try bench.api("\(path).json", ["-X", "DELETE"])
        #expect(deleted.status == 204)
        #expect(deleted.body.isEmpty)
        #expect(try bench.api("\(path).wav").status == 404)
        #expect(try !walk(bench, "").flatMap { $0 }.contains(sid))
        #expect(try walk(bench, "IncludeSoftDeleted=true").flatMap { $0 }.filter { $0 == sid }.count == 1)
        #expect(try bench.api("\(path).json").json["status"] == "deleted")
        #expect(try bench.api("\(path).json", ["-X", "DELETE"]).status == 404)
        try bench.simulator.remove(sid)
        #expect(try bench.api("\(path).json").status == 404)
    }

    @Test(
        "encryption_details comes in each spelling and form",
        arguments: Behaviour.EncryptionSpelling.allCases, Behaviour.EncryptionForm.allCases)
    func spelling(spelling: Behaviour.EncryptionSpelling, form: Behaviour.EncryptionForm) throws {
        let bench = try SimulatorBench(files: ["recordings/call.wav": wave(seconds: 1)]) {
            $0.behaviour.encryptionSpelling = spelling
            $0.behaviour.encryptionForm = form
        }
        var details = try bench.api("\(bench.accountPath)/Recordings.json").json["recordings"]?.array?.first?[
            "encryption_details"]
        if form == .string {
            details = try JSONDecoder().decode(JSONValue.self, from: Data(try #require(details?.string).utf8))
        }
        let names: Set<String> =
            switch spelling {
            case .documentation: ["type", "public_key_sid", "encrypted_cek", "iv"]
            case .sample: ["type", "encryption_public_key_sid", "encryption_cek", "iv"]
            case .openAPI: ["encryption_public_key_sid", "encryption_cek", "encryption_iv"]
            }
        #expect(Set(try #require(details?.object).keys) == names)
    }

    @Test("media_url can be http or absent, members can be null, and side files override")
    func members() throws {
        let bench = try SimulatorBench(files: [
            "recordings/stereo.wav": wave(seconds: 3, channels: 2),
            "recordings/stereo.json": Data(#"{"call_sid":"CA1","price":null,"extra":{"a":[1,2.5,true]}}"#.utf8),
        ])
        let path = "\(bench.accountPath)/Recordings/\(try bench.sid("stereo.wav")).json"
        let resource = try bench.api(path).json
        #expect(resource["channels"] == 2)
        #expect(resource["duration"] == "3")
        #expect(resource["call_sid"] == "CA1")
        #expect(resource["price"] == .null)
        #expect(resource["extra"]?["a"] == [1, .number(2.5), true])
        #expect(resource["media_url"]?.string?.hasPrefix("https://api.twilio.com/") == true)
        bench.simulator.behaviour.mediaAddress = .http
        #expect(try bench.api(path).json["media_url"]?.string?.hasPrefix("http://api.twilio.com/") == true)
        bench.simulator.behaviour.mediaAddress = .absent
        bench.simulator.behaviour.nullFields = ["duration", "call_sid"]
        let nulls = try bench.api(path).json
        #expect(["media_url", "duration", "call_sid"].allSatisfy { nulls[$0] == .null })
    }
}

@Suite("Lists of the video API", .orderly)
struct VideoListTests {
    private func walk(_ bench: SimulatorBench, _ path: String, key: String) throws -> [[String]] {
        var next: String? = "https://video.twilio.com\(path)"
        var pages: [[String]] = []
        while let url = next {
            #expect(url.hasPrefix("https://video.twilio.com/v1/"))
            let answer = try bench.api(String(url.dropFirst("https://video.twilio.com".count)))
            // A chain that never ends must fail, not hang.
            try #require(answer.status == 200 && pages.count < 100)
            #expect(answer.json["meta"]?["key"]?.string == key)
            pages.append(answer.sids(key))
            next = answer.json["meta"]?["next_page_url"]?.string
        }
        return pages
    }

    @Test("Pages form a chain whose links name the public host", arguments: ["Recordings", "Compositions"])
    func chain(name: String) throws {
        let kind: MediaKind = name == "Recordings" ? .videoRecording : .composition
        let bench = try SimulatorBench()
        for day in 10..<25 {
            try bench.simulator.add(
                kind, fields: ["date_created": .string("2026-04-\(day)T12:00:00Z"), "status": "completed"])
        }
        let pages = try walk(bench, "/v1/\(name)?PageSize=6", key: name.lowercased())
        #expect(pages.map(\.count) == [6, 6, 3])
        #expect(Set(pages.flatMap { $0 }).count == 15)
        let some = try walk(
            bench,
            "/v1/\(name)?DateCreatedAfter=2026-04-12T12:00:00Z&DateCreatedBefore=2026-04-14T11:59:59Z&PageSize=1",
            key: name.lowercased())
        #expect(some.map(\.count) == [1, 1])
    }

    @Test("Filters select by status, group, source, type and room")
    func filters() throws {
        let bench = try SimulatorBench(files: [
            "video-recordings/a.mka": noise(10), "video-recordings/b.mkv": noise(10),
            "video-recordings/c.json": Data(#"{"status":"failed"}"#.utf8),
            "compositions/m.mp4": noise(10),
            "compositions/n.webm": noise(10),
            "compositions/n.json": Data(#"{"room_sid":"RM1"}"#.utf8),
        ])
        func list(_ path: String, _ key: String = "recordings") throws -> [String] {
            try walk(bench, "/v1/\(path)", key: key).flatMap { $0 }
        }
        let (audio, video) = (try bench.sid("a.mka"), try bench.sid("b.mkv"))
        #expect(try list("Recordings?Status=completed").count == 2)
        #expect(try list("Recordings?Status=failed").count == 1)
        #expect(try list("Recordings?MediaType=audio&Status=completed") == [audio])
        #expect(try list("Recordings?MediaType=video") == [video])
        let resource = try bench.api("/v1/Recordings/\(video)").json
        let room = try #require(resource["grouping_sids"]?["room_sid"]?.string)
        let participant = try #require(resource["grouping_sids"]?["participant_sid"]?.string)
        #expect(try list("Recordings?GroupingSid=\(room)") == [video])
        #expect(try list("Recordings?GroupingSid=\(participant)") == [video])
        #expect(try list("Recordings?SourceSid=\(try #require(resource["source_sid"]?.string))") == [video])
        #expect(try list("Compositions?RoomSid=RM1", "compositions") == [try bench.sid("n.webm")])
        #expect(resource["container_format"] == "mkv")
        #expect(try bench.api("/v1/Compositions/\(try bench.sid("n.webm"))").json["format"] == "webm")
    }

    @Test("size is of ciphertext or plaintext as the switch says")
    func size() throws {
        let bench = try SimulatorBench(files: [
            "video-recordings/a.mka": noise(100), "video-recordings/unencrypted/p.mka": noise(100),
        ])
        func size(_ name: String) throws -> JSONValue? {
            try bench.api("/v1/Recordings/\(bench.sid(name))").json["size"]
        }
        #expect(try size("a.mka") == 112)
        #expect(try size("p.mka") == 100)
        bench.simulator.behaviour.metadataVersion = .two
        #expect(try size("a.mka") == 116)
        bench.simulator.behaviour.videoSize = .plaintext
        #expect(try size("a.mka") == 100)
    }

    @Test("Deletion takes the media at once and leaves the metadata")
    func deletion() throws {
        let bench = try SimulatorBench(files: ["compositions/room.mp4": noise(100)])
        let sid = try bench.sid("room.mp4")
        let address = try bench.address(sid)
        #expect(try bench.curl(address).status == 200)
        #expect(try bench.api("/v1/Compositions/\(sid)", ["-X", "DELETE"]).status == 204)
        #expect(try bench.api("/v1/Compositions/\(sid)").json["status"] == "deleted")
        #expect(try bench.api("/v1/Compositions/\(sid)/Media").status == 404)
        let gone = try bench.curl(address)
        #expect(gone.status == 404)
        #expect(gone.text.contains("<Code>NoSuchKey</Code>"))
    }
}
