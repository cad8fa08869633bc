import Testing

@testable import TwilioAPI

@Suite("Pages of lists")
struct ResourcePageTests {
    private static let digits = "00112233445566778899aabbccddeeff"
    private static let voice = "{\"sid\" : \"RE\(digits)\",\"z\":1.50,\"a\":\"\\u00e9\"}"

    private func page(_ kind: MediaKind, _ text: String) throws -> ResourcePage {
        try ResourcePage(kind: kind, body: Array(text.utf8))
    }

    @Test("a page of the 2010 API gives its resources as received, and its link")
    func voicePage() throws {
        let page = try page(
            .voiceRecording, #"{"next_page_uri":"/2010-04-01/x?Page=1","page":0,"recordings":[ \#(Self.voice) ]}"#)
        #expect(page.next == "/2010-04-01/x?Page=1")
        #expect(page.resources.map(\.json) == [Array(Self.voice.utf8)])
    }

    @Test("a page of the video API goes by the names in its meta", arguments: ["recordings", "things", "compositions"])
    func videoPage(key: String) throws {
        let text =
            #"{"\#(key)":[{"sid":"RT\#(Self.digits)"}],"meta":{"key":"\#(key)","next_page_url":"https://v.example/n"}}"#
        let page = try page(.videoRecording, text)
        #expect(page.next == "https://v.example/n")
        #expect(page.resources.count == 1)
    }

    @Test("without a key in the meta the array has the kind's name")
    func defaultKey() throws {
        #expect(try page(.composition, #"{"compositions":[],"meta":{"next_page_url":null}}"#).next == nil)
        #expect(try page(.videoRecording, #"{"recordings":[],"meta":{"next_page_url":null}}"#).resources.isEmpty)
    }

    @Test("the last page of each API ends the list")
    func lastPage() throws {
        #expect(try page(.voiceRecording, #"{"recordings":[],"next_page_uri":null}"#).next == nil)
        let video = #"{"recordings":[],"meta":{"key":"recordings","next_page_url":null}}"#
        #expect(try page(.videoRecording, video).next == nil)
    }

    @Test(
        "a page that doesn't tell its whole content is an error and never a short list",
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
