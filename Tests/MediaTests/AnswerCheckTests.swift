import Foundation
import Support
import TestSupport
import Testing
import TwilioAPI

@testable import Media
@testable import Transfer

@Suite("Comparing answers with what is known", .orderly)
struct AnswerCheckTests {
    private static let envelope = ["x-amz-key": "QUJD", "x-amz-iv": "QUJDREVGR0hJSktMTU5PUA=="]
    private static let tag = ("ETag", "\"a\"")

    private static func facts(
        _ size: Int64 = 100, tag: String? = "\"a\"", envelope: [String: String] = envelope, isConfirmed: Bool = true,
        channels: Int64? = nil
    ) throws -> MediaFacts {
        try #require(
            MediaFacts(
                ciphertextSize: size, plaintextSize: size, isPlaintextSizeExact: true, entityTag: tag,
                envelopeFields: envelope, tail: [], requestedChannels: channels, isConfirmed: isConfirmed))
    }

    private static func fields(_ envelope: [String: String], key: String? = nil) -> [(String, String)] {
        [tag] + envelope.map { ($0.key, $0.key == "x-amz-key" ? key ?? $0.value : $0.value) }
    }

    @Test("An answer with everything has the known size, one with a part the known size in its range, both the tag")
    func sizesAndTags() throws {
        let bench = try AnswerBench(.voiceRecording, facts: Self.facts(envelope: [:]))
        for (fields, isWhole, isRefused) in [
            ([Self.tag, ("Content-Length", "100")], true, false), ([Self.tag, ("Content-Length", "99")], true, true),
            ([Self.tag], true, false), ([Self.tag, ("Content-Length", "99")], false, false),
            ([], true, true), ([], false, true), ([("Content-Length", "100")], true, true),
            ([("ETag", "\"b\""), ("Content-Length", "100")], true, false),
        ] as [([(String, String)], Bool, Bool)] {
            var check = AnswerCheck()
            let head = try bench.head(isWhole ? 200 : 206, fields)
            let reason = check.refusal(of: head, for: bench.known, isWhole: isWhole)
            #expect((reason != nil) == isRefused, "\(fields) \(isWhole)")
            // A refusal that the answers never got better than makes the facts doubtful, and no other failure does.
            let unusable = TransferError(.unusableAnswer, "Simulated.")
            #expect((check.finding(after: unusable) == .contradicted) == isRefused)
            let late = TransferError(.deadlineExceeded, "Simulated.", cause: unusable)
            #expect((check.finding(after: late) == .contradicted) == isRefused)
            #expect(check.finding(after: TransferError(.connectionLost, "Simulated.")) == nil)
        }
        let unknown = try AnswerBench(.voiceRecording, facts: Self.facts(tag: nil, envelope: [:]))
        var check = AnswerCheck()
        #expect(check.refusal(of: try unknown.head(200), for: unknown.known, isWhole: true) == nil)
        // A page can't be media at all, and says nothing about the facts.
        let page = try unknown.head(200, [("Content-Type", "text/html")])
        #expect(check.refusal(of: page, for: unknown.known, isWhole: true) != nil)
        #expect(check.finding(after: TransferError(.unusableAnswer, "Simulated.")) == nil)
    }

    @Test("Another envelope is believed when two answers in a row agree on it, and a lacking one never")
    func envelopes() throws {
        let bench = try AnswerBench(.composition, facts: Self.facts())
        func refusals(_ keys: [String?]) throws -> (refused: [Bool], hasChanged: Bool) {
            var check = AnswerCheck()
            let refused = try keys.map { key in
                let fields = key.map { Self.fields(Self.envelope, key: $0) } ?? [Self.tag]
                return check.refusal(of: try bench.head(206, fields), for: bench.known, isWhole: false) != nil
            }
            return (refused, check.envelopeError(of: bench.known)?.code == .changed)
        }
        #expect(try refusals(["QUJD", "QUJD"]) == ([false, false], false))
        #expect(try refusals(["QUJE", "QUJD"]) == ([true, false], false))
        #expect(try refusals(["QUJE", "QUJE"]) == ([true, false], true))
        #expect(try refusals(["QUJE", "QUJF", "QUJE"]) == ([true, true, true], false))
        #expect(try refusals([nil, nil, nil]) == ([true, true, true], false))
        // The envelope of voice is in its resource.
        let voice = try AnswerBench(.voiceRecording, facts: Self.facts(envelope: [:]))
        var check = AnswerCheck()
        let head = try voice.head(206, Self.fields(Self.envelope))
        #expect(check.refusal(of: head, for: voice.known, isWhole: false) == nil)
    }

    @Test("The size in a range's answer confirms that of sealed media, and of no other", arguments: [true, false])
    func rangesConfirm(isSealed: Bool) throws {
        let facts = try Self.facts(envelope: isSealed ? Self.envelope : [:], isConfirmed: false)
        let bench = try AnswerBench(.composition, facts: facts)
        bench.known.factsWereLearnt(facts)
        #expect(bench.library.provisionalSize(of: bench.resource.sid) == 100)
        bench.known.rangeDidBegin(try bench.head(206))
        #expect(bench.known.facts?.isConfirmed == false, "it has no size")
        bench.known.rangeDidBegin(try bench.head(206, [("Content-Range", "bytes 0-9/100")]))
        #expect(bench.known.facts?.isConfirmed == isSealed)
        // What is confirmed is stored elsewhere.
        #expect(bench.library.provisionalSize(of: bench.resource.sid) == (isSealed ? nil : 100))
    }

    @Test("Two channels are asked for unless Twilio has refused that", arguments: [nil, 2, 0] as [Int64?])
    func channels(known: Int64?) throws {
        let facts = try Self.facts(envelope: [:], channels: known)
        let bench = try AnswerBench(.voiceRecording, #""channels":2"#, facts: facts)
        #expect(bench.known.requestedChannels == (known == 0 ? 0 : 2))
        let url = try #require(try bench.known.addresses().ownAddress).url.absoluteString
        #expect(url.contains("RequestedChannels=2") == (known != 0))
        #expect(!url.contains("RequestedChannels=0"))
    }

    @Test("Facts with impossible sizes, channels or ends aren't made")
    func impossibleFacts() throws {
        func isMade(_ size: Int64, _ plain: Int64, tail: Int = 0, channels: Int64? = nil) -> Bool {
            MediaFacts(
                ciphertextSize: size, plaintextSize: plain, isPlaintextSizeExact: true, entityTag: nil,
                envelopeFields: [:], tail: Array(repeating: 0, count: tail), requestedChannels: channels,
                isConfirmed: true) != nil
        }
        #expect(isMade(0, 0) && isMade(100, 100) && isMade(100, 0, tail: 32) && isMade(1, 1, channels: 255))
        #expect(isMade(1, 1, channels: 0))
        #expect(!isMade(-1, -1) && !isMade(100, -1) && !isMade(100, 101) && !isMade(100, 100, tail: 33))
        #expect(!isMade(1, 1, channels: 256) && !isMade(1, 1, channels: -1))
    }
}
