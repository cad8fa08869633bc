import Catalog
import CatalogTestSupport
import TestSupport
import Testing
import TwilioAPI

@testable import FileTree

@Suite("Readable names", .orderly)
struct ReadableNameTests {
    private static let sid = "RE" + String(repeating: "a", count: 32)

    private static func entry(created: String? = "2026-11-21T09:12:33Z") throws -> CatalogEntry {
        let catalog = try CatalogFolder().catalog()
        let date = created.map { "\"\($0)\"" } ?? "null"
        let json = #"{"sid":"\#(sid)","status":"completed","date_created":\#(date)}"#
        try catalog.store([try ListedResource(kind: .voiceRecording, json: Array(json.utf8))])
        let identifier = try #require(SID(sid))
        return try #require(try catalog.entry(of: identifier))
    }

    private static func name(
        from: String, to: String, created: String? = "2026-11-21T09:12:33Z", hasDate: Bool = false
    ) throws -> String {
        ReadableName(
            of: try entry(created: created), call: try Sample.call(1, from: from, to: to, seconds: 0), hasDate: hasDate
        ).text
    }

    @Test("They have the time in UTC, both parties, and the name of the file")
    func form() throws {
        #expect(
            try Self.name(from: "+493012345", to: "+498976543")
                == "09-12-33 +493012345 → +498976543 \(Self.sid).wav")
        #expect(
            try Self.name(from: "+493012345", to: "+498976543", hasDate: true)
                == "2026-11-21 09-12-33 +493012345 → +498976543 \(Self.sid).wav")
        #expect(
            ReadableName(of: try Self.entry(), call: nil, hasDate: false).text == "09-12-33 \(Self.sid).wav")
        #expect(
            try Self.name(from: "+493012345", to: "+498976543", created: nil, hasDate: true)
                == "+493012345 → +498976543 \(Self.sid).wav")
    }

    @Test(
        "Withheld numbers are anonymous",
        arguments: ["", "anonymous", "Anonymous", "RESTRICTED", "unknown", "+266696687", "+86282452253", "266696687"])
    func withheld(text: String) throws {
        #expect(ReadableName.text(of: CallParty(text)) == "anonymous")
    }

    @Test("Whatever a party is, the name has no character that a shell, Windows or a path takes for something else")
    func hostile() throws {
        let texts = [
            "client:alice", "sip:alice@example.com;transport=tls", "../../etc/passwd", "/", "\\", "a*b?c\"d<e>f|g",
            "$(rm -rf ~)", "`x`", "a\u{0}b\n", "…", "\u{202E}evil", "a b", " lead", "trail. ", "~", "-rf", "CON", "é",
            String(repeating: "z", count: 500), "#!;&'",
        ]
        let allowed = Set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+-_.@ →")
        for text in texts {
            let name = try Self.name(from: text, to: text)
            #expect(Set(name).isSubset(of: allowed), "\(name)")
            #expect(name.hasPrefix("09-12-33 ") && name.hasSuffix(" \(Self.sid).wav"))
            #expect(name.utf8.count < 200)
            #expect(!name.contains("  "))
        }
        #expect(ReadableName.text(of: CallParty("client:alice")) == "client_alice")
        #expect(ReadableName.text(of: CallParty("sip:alice@example.com")) == "sip_alice@example.com")
    }

    @Test("The recording of a name is the last word, and only there")
    func reading() {
        let names = EntryNames(style: .readable)
        let day = DateSpan(dayOf: Timestamp(seconds: 1_700_000_000))
        let name = "09-12-33 +493012345 → +498976543 \(Self.sid).wav"
        #expect(names.recording(named: name, in: .date(day))?.sid.description == Self.sid)
        #expect(names.recording(named: name, in: .date(day))?.suffix == "wav")
        #expect(names.recording(named: "\(Self.sid).wav ", in: .date(day)) == nil)
        #expect(names.recording(named: "x", in: .date(day)) == nil)
        #expect(names.recording(named: "", in: .date(day)) == nil)
        // Files themselves are never named like that.
        #expect(names.recording(named: name, in: .media(.voiceRecording)) == nil)
        #expect(names.recording(named: "\(Self.sid).wav", in: .media(.voiceRecording))?.sid.description == Self.sid)
        #expect(EntryNames(style: .sid).recording(named: name, in: .date(day)) == nil)
    }

    @Test(
        "A directory of a number has its spelling alone",
        arguments: [
            "", ".", "..", "/", "+", "493012345", "+0493012345", "anonymous ", "Anonymous", "+266696687", "+49 30",
        ])
    func noDirectory(name: String) {
        #expect(NumberGroup(named: name) == nil)
    }

    @Test("A directory of a number is named after it, whatever the party is")
    func directory() {
        for text in ["", "anonymous", "client:a/../..", "sip:x", "..", "/", "\u{0}"] {
            #expect(NumberGroup(CallParty(text)).name == "anonymous")
        }
        #expect(NumberGroup(CallParty("+493012345")).name == "+493012345")
    }
}
