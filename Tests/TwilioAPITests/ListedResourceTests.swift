import Foundation
import Support
import TestSupport
import Testing

@testable import TwilioAPI

@Suite("What a catalog needs of a resource", .orderly)
struct ListedResourceTests {
    private static let digits = "00112233445566778899aabbccddeeff"

    private static func text(_ kind: MediaKind) -> String {
        switch kind {
        case .voiceRecording:
            """
            {"account_sid":"AC\(digits)","call_sid":"CA\(digits)","date_created":"Fri, 14 Oct 2016 21:56:34 +0000",\
            "start_time":"Fri, 14 Oct 2016 21:56:30 +0000","duration":"17","encryption_details":{"type":"rsa-aes",\
            "encrypted_cek":"a2V5","iv":"aXY=","sid":"RE1","status":"x"},"price":-0.0025,"sid":"RE\(digits)",\
            "status":"completed","subresource_uris":{"call_sid":"CA1","transcriptions":"\\/x"},"channels":1}
            """
        case .videoRecording:
            """
            {"status":"processing","date_created":"2015-07-30T20:00:00Z","container_format":"mka","type":"audio",\
            "grouping_sids":{"participant_sid":"PA\(digits)","room_sid":"RM\(digits)"},"sid":"RT\(digits)","size":5,\
            "links":{"media":"/v1/x","room_sid":"RM1"},"encryption_details":{},"call_sid":"CA\(digits)"}
            """
        case .composition:
            """
            {"sid":"CJ\(digits)","status":"enqueued","date_created":"2015-07-30T20:00:00Z","format":"webm",\
            "room_sid":"RM\(digits)","audio_sources":["*"],"video_layout":{"grid":{"room_sid":["*"]}},"size":0}
            """
        }
    }

    /// The group as the reader of whole resources gives its text.
    private static func group(of resource: MediaResource) -> SID? {
        let (told, prefix) =
            resource.kind == .voiceRecording ? (resource.callSID, "CA") : (resource.roomSID, "RM")
        return told.flatMap { $0.hasPrefix(prefix) ? SID($0) : nil }
    }

    /// Compares both readers.
    ///
    /// - Returns: whether both have accepted the text.
    @discardableResult
    private func compare(_ kind: MediaKind, _ text: [UInt8], _ location: SourceLocation = #_sourceLocation) -> Bool {
        let comment = Comment(rawValue: String(decoding: text, as: UTF8.self).debugDescription)
        let whole: MediaResource? = try? MediaResource(kind: kind, json: text)
        let listed: ListedResource
        do throws(TwilioError) {
            listed = try ListedResource(kind: kind, json: text)
        } catch {
            #expect(error.code == .malformedAnswer, comment, sourceLocation: location)
            guard whole != nil else { return false }
            // Refused by this reader alone, which looks at everything: then it isn't JSON, as the scanner's tests know
            // it.
            var scanner = JSONScanner(text, subject: "the text")
            #expect(throws: TwilioError.self, comment, sourceLocation: location) {
                scanner.skipSpace()
                try scanner.value()
                try scanner.finish()
            }
            return false
        }
        guard let whole else {
            Issue.record("accepted although JSONDecoder refuses it: \(comment)", sourceLocation: location)
            return false
        }
        #expect(listed.kind == whole.kind, comment, sourceLocation: location)
        #expect(listed.sid == whole.sid, comment, sourceLocation: location)
        #expect(listed.status == whole.status, comment, sourceLocation: location)
        #expect(listed.dateCreated == whole.dateCreated, comment, sourceLocation: location)
        #expect(listed.containerFormat == whole.containerFormat, comment, sourceLocation: location)
        #expect(listed.groupSID == Self.group(of: whole), comment, sourceLocation: location)
        #expect(whole.groupSID == listed.groupSID, comment, sourceLocation: location)
        #expect(listed.isAuthenticated == (whole.encryptionDetails != nil), comment, sourceLocation: location)
        #expect(Array(listed.json) == text, comment, sourceLocation: location)
        return true
    }

    @Test("Everything is read of each kind")
    func everything() throws {
        let voice = try ListedResource(kind: .voiceRecording, json: Array(Self.text(.voiceRecording).utf8))
        #expect(voice.sid.description == "RE\(Self.digits)")
        #expect(voice.status == .completed)
        #expect(voice.dateCreated == Timestamp("2016-10-14T21:56:34Z"))
        #expect(voice.groupSID?.description == "CA\(Self.digits)")
        #expect(voice.containerFormat == "wav")
        #expect(voice.isAuthenticated)
        let track = try ListedResource(kind: .videoRecording, json: Array(Self.text(.videoRecording).utf8))
        #expect(track.status == .processing)
        #expect(track.groupSID?.description == "RM\(Self.digits)")
        #expect(track.containerFormat == "mka")
        #expect(!track.isAuthenticated)
        let composition = try ListedResource(kind: .composition, json: Array(Self.text(.composition).utf8))
        #expect(composition.containerFormat == "webm")
        #expect(composition.groupSID?.description == "RM\(Self.digits)")
        for kind in MediaKind.allCases { #expect(compare(kind, Array(Self.text(kind).utf8))) }
    }

    /// Values in all forms, those that a field is meant to have among them.
    private static let values = [
        "null", "true", "false", "0", "5", "5.0", "5e0", "-7", "1.5", "12345678901234567890", "1e400", "[]", "[\"x\"]",
        "{}",
        #"{"room_sid":"RM00112233445566778899aabbccddeeff"}"#,
        #"{"room_sid":null,"room_sid":"RM00112233445566778899aabbccddeeff"}"#,
        #"{"room\u005fsid":"RM00112233445566778899aabbccddeeff"}"#, #"{"room_sid":5}"#, #"{"room_sid":"RM12"}"#,
        #"{"a":{"room_sid":"RM00112233445566778899aabbccddeeff"}}"#, #"{"x\ud800":1,"room_sid":"RM\ud800"}"#,
        #""""#, #"" ""#, #""x""#, #""\ud800""#, #""\u0000""#, #""é""#, #""\/""#, #""5""#, #""completed""#,
        #""comp\u006ceted""#, #""COMPLETED""#, #""deleted""#, #""mkv""#, #""MKV""#, #""M\u212aV""#, "\"M\u{212A}V\"",
        #""mp4""#, #""Webm""#, #""audio""#, #""audi\u006f""#, #""video""#, #""../x""#,
        #""2015-07-30T20:00:00Z""#, #""2015-07-30T20\u003a00:00Z""#, #""2015-02-30T20:00:00Z""#,
        #""Fri, 14 Oct 2016 21:56:34 +0000""#, #""Fri, 14 Oct 2016 21:56:34 GMT""#,
        #""RE00112233445566778899aabbccddeeff""#, #""\u0052E00112233445566778899aabbccddeeff""#,
        #""RT00112233445566778899aabbccddeeff""#, #""CA00112233445566778899aabbccddeeff""#,
        #""RM00112233445566778899aabbccddeeff""#, #""RM00112233445566778899AABBCCDDEEFF""#,
        #""RM00112233445566778899aabbccddeef\u0066""#, #""CJ00112233445566778899aabbccddeeff0""#,
    ]
    private static let names = [
        "sid", "status", "date_created", "start_time", "call_sid", "room_sid", "grouping_sids", "container_format",
        "format", "type", "encryption_details", "nothing", "s\\u0069d", "statu\\u0073", "x\\ud800", "étage", "",
    ]

    @Test("Each field in each form means what it means to JSONDecoder", arguments: MediaKind.allCases)
    func forms(kind: MediaKind) throws {
        let prefix = kind.sidPrefix
        var accepted = 0
        for name in Self.names {
            for value in Self.values {
                // Alone, before and after a field of the same name, and where the others are missing.
                let whole = Self.text(kind).dropFirst()
                let texts = [
                    "{\"\(name)\":\(value),\(whole)", "{\(whole.dropLast()),\"\(name)\" : \(value)\n}",
                    "{\"sid\":\"\(prefix)\(Self.digits)\",\"\(name)\":\(value)}",
                    " {\"\(name)\":\(value),\"\(name)\":null,\"sid\":\"\(prefix)\(Self.digits)\"}\t",
                    "{\"\(name)\":null,\"\(name)\":\(value),\"sid\":\"\(prefix)\(Self.digits)\"}",
                ]
                for text in texts where compare(kind, Array(text.utf8)) { accepted += 1 }
            }
        }
        #expect(accepted > 3000)
    }

    @Test("A changed text is read as JSONDecoder reads it, or refused, and never more", arguments: MediaKind.allCases)
    func mutations(kind: MediaKind) throws {
        var random = SeededGenerator(seed: UInt64(kind.rawValue))
        let pieces =
            Self.values + Self.names.map { "\"\($0)\"" } + Self.names.map { "\"\($0)\":null," }
            + ["\"", "\\", "{", "}", "[", "]", ",", ":", " ", "\n", "0", "e", "\u{0}", "\u{1F}", "é", "\\u00"]
        var accepted = 0
        for _ in 0..<6000 {
            var text = Array(Self.text(kind).utf8)
            for _ in 0..<Int.random(in: 1...3, using: &random) {
                let start = Int.random(in: 0...text.count, using: &random)
                let end = min(text.count, start + [0, 0, 1, 1, 2, 20].randomElement(using: &random)!)
                switch Int.random(in: 0..<4, using: &random) {
                case 0: text[start..<end] = []
                case 1: text[start..<end] = [UInt8.random(in: .min ... .max, using: &random)]
                case 2:
                    // A part of the text comes twice: members, names, pieces of names.
                    let other = Int.random(in: 0...text.count, using: &random)
                    text.insert(contentsOf: text[start..<end], at: other)
                default: text[start..<end] = Array(pieces.randomElement(using: &random)!.utf8)[...]
                }
            }
            if compare(kind, text) { accepted += 1 }
        }
        #expect((500..<5500).contains(accepted))
    }

    @Test("The rest of a resource is read when it is asked for")
    func rest() throws {
        for kind in MediaKind.allCases {
            let text = Array(Self.text(kind).utf8)
            let listed = try ListedResource(kind: kind, json: text)
            #expect(try MediaResource(listed) == MediaResource(kind: kind, json: text))
        }
    }

    @Test("A resource of a page is a slice of the page")
    func slices() throws {
        let text = Self.text(.voiceRecording)
        let body = Array("{\"recordings\":[ \(text)\n,\(text)],\"next_page_uri\":null}".utf8)
        let page = try ResourcePage(kind: .voiceRecording, body: body)
        #expect(page.resources.map { Array($0.json) } == [Array(text.utf8), Array(text.utf8)])
        let starts = page.resources.map(\.json.startIndex)
        #expect(starts == [16, 18 + text.utf8.count])
    }
}
