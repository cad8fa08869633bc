import Support
import TestSupport
import Testing

@testable import TwilioAPI

@Suite("Pages of lists", .orderly)
struct ResourcePageTests {
    private static let digits = "00112233445566778899aabbccddeeff"
    private static let voice = "{\"sid\" : \"RE\(digits)\",\"z\":1.50,\"a\":\"\\u00e9\"}"

    private func page(_ kind: MediaKind, _ text: String) throws -> ResourcePage {
        try ResourcePage(kind: kind, body: Array(text.utf8))
    }

    @Test("A page of the 2010 API gives its resources as received, and its link")
    func voicePage() throws {
        let page = try page(
            .voiceRecording, #"{"next_page_uri":"/2010-04-01/x?Page=1","page":0,"recordings":[ \#(Self.voice) ]}"#)
        #expect(page.next == "/2010-04-01/x?Page=1")
        #expect(page.resources.map { Array($0.json) } == [Array(Self.voice.utf8)])
    }

    @Test("A page of the video API goes by the names in its meta", arguments: ["recordings", "things", "compositions"])
    func videoPage(key: String) throws {
        let text =
            #"{"\#(key)":[{"sid":"RT\#(Self.digits)"}],"meta":{"key":"\#(key)","next_page_url":"https://v.example/n"}}"#
        let page = try page(.videoRecording, text)
        #expect(page.next == "https://v.example/n")
        #expect(page.resources.count == 1)
    }

    @Test("Names and links with escapes, and members that come twice, are read as JSONDecoder reads them")
    func escapes() throws {
        let escaped = #"{"record\u0069ngs":[],"next_page_ur\u0069":"\/x?a=1\u0026b=2"}"#
        #expect(try page(.voiceRecording, escaped).next == "/x?a=1&b=2")
        let twice = #"{"recordings":[],"recordings":null,"next_page_uri":"/a","next_page_uri":null}"#
        #expect(try page(.voiceRecording, twice).next == "/a")
        let meta = #"{"meta":{"key":"recordings","key":"x","next_page_url":null,"next_page_url":"/b"},"recordings":[]}"#
        #expect(try page(.videoRecording, meta).next == nil)
        #expect(throws: TwilioError.self) {
            try page(.voiceRecording, #"{"recordings":[],"next_page_uri":"\ud800"}"#)
        }
    }

    @Test("A page that was cut off anywhere, or goes on behind its end, is refused")
    func cutOff() throws {
        let text = #"{"recordings":[\#(Self.voice),\#(Self.voice)],"next_page_uri":null,"page":0}"#
        #expect(try page(.voiceRecording, text).resources.count == 2)
        for count in 0..<text.utf8.count {
            #expect(throws: TwilioError.self) {
                try ResourcePage(kind: .voiceRecording, body: Array(text.utf8.prefix(count)))
            }
        }
        #expect(throws: TwilioError.self) { try page(.voiceRecording, text + "x") }
        #expect(try page(.voiceRecording, text + " \n").resources.count == 2)
    }

    @Test("Without a key in the meta the array has the kind's name")
    func defaultKey() throws {
        #expect(try page(.composition, #"{"compositions":[],"meta":{"next_page_url":null}}"#).next == nil)
        #expect(try page(.videoRecording, #"{"recordings":[],"meta":{"next_page_url":null}}"#).resources.isEmpty)
    }

    @Test("The last page of each API ends the list")
    func lastPage() throws {
        #expect(try page(.voiceRecording, #"{"recordings":[],"next_page_uri":null}"#).next == nil)
        let video = #"{"recordings":[],"meta":{"key":"recordings","next_page_url":null}}"#
        #expect(try page(.videoRecording, video).next == nil)
    }

    @Test(
        "A page that doesn't tell its whole content is an error and never a short list",
        arguments: [
            "", "{", "null", "[]", "<html></html>",
            #"{"recordings":[]}"#, #"{"next_page_uri":null}"#, #"{"recordings":null,"next_page_uri":null}"#,
            #"{"recordings":{},"next_page_uri":null}"#, #"{"recordings":[{}],"next_page_uri":null}"#,
            #"{"recordings":[null],"next_page_uri":null}"#, #"{"recordings":[{"sid":"RE1"}],"next_page_uri":null}"#,
            #"{"recordings":[{"sid":"CJ00112233445566778899aabbccddeeff"}],"next_page_uri":null}"#,
            #"{"recordings":[],"meta":{"key":"recordings"}}"#, #"{"recordings":[],"meta":{}}"#,
            #"{"recordings":[],"meta":{"key":"other","next_page_url":null}}"#,
            #"{"recordings":[],"meta":{"key":"recordings"},"next_page_uri":null}"#,
            #"{"recordings":[],"next_page_uri":{"href":"/x"}}"#, #"{"recordings":[],"next_page_uri":false}"#,
            #"{"recordings":[],"next_page_uri":["/x"]}"#,
            #"{"recordings":[],"meta":{"key":"recordings","next_page_url":true}}"#,
            #"{"code":20003,"message":"Authenticate","status":401}"#,
        ])
    func incomplete(text: String) {
        let error = #expect(throws: TwilioError.self) { try page(.voiceRecording, text) }
        #expect(error?.code == .malformedAnswer)
        #expect(error?.message.contains("voice recordings") == true)
    }
}
