import ModuleTestSupport
import Support
import TestSupport
import Testing
import Transfer

@testable import TwilioAPI

@Suite("Calls, and the numbers of their parties", .orderly)
struct CallTests {
    @Test(
        "A number in international form is read and written as it is",
        arguments: ["+493012345", "+14155550100", "+10", "+999999999999999", "+8613800138000"])
    func numbers(text: String) throws {
        let number = try #require(PhoneNumber(text))
        #expect(number.description == text)
        #expect(PhoneNumber(rawValue: number.rawValue) == number)
        #expect(CallParty(text) == .number(number))
        #expect(CallParty(text).text == text)
    }

    @Test(
        "Any other text is no number",
        arguments: [
            "", "+", "+1", "493012345", "+0301234567", "++493012345", "+49 30 12345", "+4930-12345",
            "+1234567890123456",
            "anonymous", "client:alice", "sip:+493012345@example.com", "+49３０", "+٤٩٣٠١٢", "/+493012345", "+493012345/",
            "../..", "+266696687", "+7378742833", "+2562533", "+8656696", "+86282452253", "+99999999999999999999999999",
            "+7378742883", "+464", "+49\u{FFFD}30",
        ])
    func noNumbers(text: String) {
        #expect(PhoneNumber(text) == nil)
        #expect(CallParty(text).number == nil)
        #expect(CallParty(text).text == text)
    }

    private static func page(_ text: String) throws -> CallPage { try CallPage(body: Array(text.utf8)) }

    private static let sid = "CA00112233445566778899aabbccddeeff"

    @Test("A page has the calls with their parties, and the link to the next page")
    func page() throws {
        let page = try Self.page(
            """
            {"calls":[{"sid":"\(Self.sid)","from":"+493012345","to":"client:bob","direction":"outbound-dial",
            "start_time":"Fri, 14 Oct 2016 23:56:34 +0200","date_created":"Fri, 14 Oct 2016 21:00:00 +0000","price":1,
            "subresource_uris":{"from":"x"}}],"next_page_uri":"/2010-04-01/Accounts/AC1/Calls.json?Page=1"}
            """)
        let call = try #require(page.calls.first)
        #expect(page.calls.count == 1 && page.next == "/2010-04-01/Accounts/AC1/Calls.json?Page=1")
        #expect(call.sid.description == Self.sid)
        #expect(call.from == PhoneNumber("+493012345").map { .number($0) })
        #expect(call.to == .other("client:bob"))
        #expect(call.direction == "outbound-dial")
        #expect(call.startTime?.description == "2016-10-14T21:56:34Z")
    }

    @Test("An answer that is too long for the one call that shows whether there is access isn't taken")
    func tooLong() throws {
        let server = try LoopbackServer { _ in LoopbackServer.Answer(length: 17 << 20) }
        defer { server.stop() }
        let api = try TestClient(url: server.url)
        defer { api.shutDown() }
        let error = #expect(throws: TwilioError.self) { try api.client.verifyCalls(patience: .standard) }
        #expect(error?.message.contains("bytes allowed") == true, "\(String(describing: error))")
        #expect(server.requests.count == 1)
    }

    @Test("Fields that are missing, null or of another type leave a call without them")
    func nulls() throws {
        for fields in [
            "", #","from":null,"to":null,"direction":null,"start_time":null"#, #","from":5,"to":[],"direction":{}"#,
        ] {
            let call = try #require(
                try Self.page(#"{"calls":[{"sid":"\#(Self.sid)"\#(fields)}],"next_page_uri":null}"#).calls.first)
            #expect(call.from == .other("") && call.to == .other(""))
            #expect(call.direction == nil && call.startTime == nil)
        }
        // One that wasn't dialled yet has a time of creation.
        let queued = try Self.page(
            """
            {"calls":[{"sid":"\(Self.sid)","start_time":null,"date_created":"Fri, 14 Oct 2016 21:00:00 +0000"}],
            "next_page_uri":null}
            """)
        #expect(queued.calls.first?.startTime?.description == "2016-10-14T21:00:00Z")
    }

    @Test(
        "The first possible time counts: of the beginning, else of the creation",
        arguments: [
            (#""""#, true), (#""yesterday""#, true), ("5", true), (#""Thu, 01 Jan 9999 00:00:00 +0000""#, true),
            (#""Fri, 14 Oct 2016 20:00:00 +0000""#, false),
        ])
    func times(start: String, isCreation: Bool) throws {
        let body = """
            {"sid":"\(Self.sid)","start_time":\(start),"date_created":"Fri, 14 Oct 2016 21:00:00 +0000"}
            """
        let time = try CallDescription(body: Array(body.utf8)).startTime?.description
        #expect(time == (isCreation ? "2016-10-14T21:00:00Z" : "2016-10-14T20:00:00Z"))
    }

    @Test(
        "A party of any text is one line of bounded length, and no number unless it is one",
        arguments: [
            #"+49\u00003012345"#, #"+493012345\n"#, #"\ufeff+493012345"#, #"\u202e+493012345"#, "+493012345/../..",
            "client:NAME", "sip:NAME@host", "sip:+493012345@host", "Anonymous", "+anonymous", "whatsapp:+493012345",
            "+9", "+99",
        ])
    func parties(text: String) throws {
        // The last two stand for a mebibyte.
        let text = ["+9", "+99"].contains(text) ? text + String(repeating: "9", count: 1 << 20) : text
        let body = #"{"sid":"\#(Self.sid)","from":"\#(text)","to":"\#(text)","from":"+4912"}"#
        let call = try CallDescription(body: Array(body.utf8))
        #expect(call.from.number == nil && call.from == call.to)
        #expect(call.from.text.unicodeScalars.count <= 300)
        #expect(!call.from.text.unicodeScalars.contains { $0.value < 0x20 || $0.properties.generalCategory == .format })
        // What is stored is read as the same.
        #expect(CallParty(call.from.text) == call.from)
    }

    @Test(
        "What is no single call is an error",
        arguments: ["", "[]", "{}", #"{"sid":5}"#, #"{"sid":"RE00112233445566778899aabbccddeeff"}"#])
    func noCall(text: String) {
        let error = #expect(throws: TwilioError.self) { try CallDescription(body: Array(text.utf8)) }
        #expect(error?.code == .malformedAnswer)
    }

    @Test("Hostile texts are bounded and clean")
    func hostile() throws {
        let text = #"x\u001b]0;owned\u0007\r\n\u202e"# + String(repeating: "y", count: 5000)
        let page = try Self.page(
            #"{"calls":[{"sid":"\#(Self.sid)","from":"\#(text)","to":"../../etc","direction":"in bound"}],"next_page_uri":null}"#
        )
        let call = try #require(page.calls.first)
        #expect(call.from.text.unicodeScalars.count <= 300)
        #expect(!call.from.text.unicodeScalars.contains { $0.properties.generalCategory == .control })
        #expect(call.direction == nil)
    }

    @Test(
        "What is no list of calls is an error",
        arguments: [
            "", "[]", #"{"calls":[]}"#, #"{"recordings":[],"next_page_uri":null}"#,
            #"{"calls":[{"sid":"RE00112233445566778899aabbccddeeff"}],"next_page_uri":null}"#,
            #"{"calls":[{}],"next_page_uri":null}"#, #"{"calls":[5],"next_page_uri":null}"#,
        ])
    func wrong(text: String) {
        let error = #expect(throws: TwilioError.self) { try Self.page(text) }
        #expect(error?.code == .malformedAnswer)
    }

    @Test("The list is asked for by days, each bound a day further out")
    func filter() {
        let interval = CreationInterval(
            from: Timestamp("2026-11-21T10:00:00Z"), until: Timestamp("2026-11-23T00:00:00Z"))
        #expect(
            interval.dayFields(named: "StartTime") == ["StartTime%3E=2026-11-20", "StartTime%3C=2026-11-23"])
        #expect(CreationInterval().dayFields(named: "StartTime").isEmpty)
    }

    @Test("A recording's conference is read in both ways")
    func conference() throws {
        let conference = "CF00112233445566778899aabbccddeeff"
        for (value, expected) in [
            ("\"\(conference)\"", conference), (#""CA00112233445566778899aabbccddeeff""#, nil), ("null", nil),
            (#""\u0043F00112233445566778899aabbccddeeff""#, conference),
        ] as [(String, String?)] {
            let json = Array(#"{"sid":"RE00112233445566778899aabbccddeeff","conference_sid":\#(value)}"#.utf8)
            let listed = try ListedResource(kind: .voiceRecording, json: json)
            #expect(listed.conferenceSID?.description == expected)
        }
        let json = Array(
            """
            {"sid":"RE00112233445566778899aabbccddeeff","conference_sid":"\(conference)","source":"Conference",
            "start_time":"Fri, 14 Oct 2016 21:56:34 +0000"}
            """.utf8)
        let voice = try MediaResource(kind: .voiceRecording, json: json)
        #expect(voice.conferenceSID == conference && voice.source == "Conference")
        #expect(voice.startTime?.description == "2016-10-14T21:56:34Z")
        let video = try MediaResource(
            kind: .videoRecording,
            json: Array(
                """
                {"sid":"RT00112233445566778899aabbccddeeff","track_name":"microphone","conference_sid":"\(conference)",
                "grouping_sids":{"participant_sid":"PA00112233445566778899aabbccddeeff"}}
                """.utf8))
        #expect(video.trackName == "microphone" && video.conferenceSID == nil)
        #expect(video.participantSID == "PA00112233445566778899aabbccddeeff")
    }
}
