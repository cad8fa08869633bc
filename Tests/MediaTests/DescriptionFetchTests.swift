import Envelope
import Support
import TestSupport
import Testing
import TwilioAPI

@testable import Media
@testable import Transfer

/// Descriptions against answers of every kind, one after the other.
@Suite("Learning a recording's facts from answers", .orderly)
struct DescriptionFetchTests {
    /// Media of a kind that isn't encrypted.
    private static func plain(_ kind: MediaKind, _ size: Int) -> [UInt8] {
        let suffix = kind == .voiceRecording ? "wav" : "mka"
        return Array(TestMedia.signed(TestMedia.noise(size, seed: 5), as: suffix))
    }

    private static let garbage = Array(TestMedia.noise(100, seed: 9))
    private static let first = ByteRange.bytes(0..<32)
    private static let last = ByteRange.suffix(32)

    /// The fields of the simplest envelope that video can have.
    private static let envelope = [
        ("x-amz-key", "QUJD"), ("x-amz-iv", "QUJDREVGR0hJSktMTU5PUA=="), ("x-amz-matdesc", "{}"),
        ("x-amz-unencrypted-content-length", "90"),
    ]

    // MARK: Ranges

    @Test("One request for the first or the last bytes tells everything", arguments: [true, false])
    func oneRequest(isSealed: Bool) throws {
        let bench = try AnswerBench(.voiceRecording, isSealed ? AnswerBench.details : "")
        let media = isSealed ? Self.garbage : Self.plain(.voiceRecording, 100)
        bench.describe()
        let request = try #require(bench.downloads.first?.request)
        #expect(request.range == (isSealed ? Self.last : Self.first))
        #expect(request.earlierFailures == 0 && request.expectedEntityTag == nil && request.priority == .reader)
        try bench.answerPart(of: media, [("ETag", "\"a\"")])
        let facts = try bench.facts()
        #expect(facts.ciphertextSize == 100 && facts.plaintextSize == (isSealed ? 84 : 100))
        #expect(facts.tail == (isSealed ? media.suffix(32) : []) && facts.entityTag == "\"a\"")
        #expect(facts.isConfirmed && facts.isPlaintextSizeExact && facts.completeness == .whole)
        #expect(bench.downloads.count == 1 && bench.requests.isEmpty && bench.descriptions.count == 1)
        #expect(bench.descriptions[0].ignoresRanges == false)
    }

    @Test("Before its size is known, no more is taken of media than its kind can have", arguments: MediaKind.allCases)
    func bodyLimit(kind: MediaKind) throws {
        let bench = try AnswerBench(kind)
        bench.describe()
        let limit = try #require(bench.downloads.last?.request.bodyLimit)
        #expect(limit == (kind == .voiceRecording ? 16 << 30 : 128 << 30))
        // An answer with everything is believed when it comes again.
        for _ in 0..<2 where bench.descriptions.isEmpty {
            let error = TransferError(.bodyTooLarge, "Simulated.")
            try bench.answer(200, [("Transfer-Encoding", "chunked")], end: .failure(error))
        }
        #expect(try bench.error()?.code == .transferFailed)
    }

    @Test("Video is asked for its end, and for its beginning too if it turns out not to be encrypted; then vice versa")
    func bothEnds() throws {
        let bench = try AnswerBench(.videoRecording)
        let media = Self.plain(.videoRecording, 100)
        bench.describe()
        try bench.answerPart(of: media, [("ETag", "\"a\"")])
        #expect(bench.downloads.map(\.request.range) == [Self.last, Self.first])
        #expect(bench.downloads.map(\.request.expectedEntityTag) == [nil, "\"a\""])
        #expect(bench.downloads.map(\.request.earlierFailures) == [0, 0])
        try bench.answerPart(of: media)
        #expect(try bench.facts().plaintextSize == 100 && bench.facts().isConfirmed)
        // The next of its kind is expected to be like it.
        bench.describe()
        try bench.answerPart(of: Self.garbage, Self.envelope)
        #expect(bench.downloads.suffix(2).map(\.request.range) == [Self.first, Self.last])
    }

    @Test("Media that is no larger than what is asked for needs no second request", arguments: [12, 31, 32])
    func small(size: Int) throws {
        let bench = try AnswerBench(.videoRecording)
        bench.describe()
        try bench.answerPart(of: Self.plain(.videoRecording, size))
        #expect(bench.downloads.count == 1)
        #expect(try bench.facts().plaintextSize == Int64(size))
    }

    @Test("Two answers about different media are never put together")
    func changedMeanwhile() throws {
        let media = Self.plain(.videoRecording, 100)
        let changes: [(AnswerBench) throws -> Void] = [
            { try $0.answerPart(of: media, total: 101) },
            { try $0.answerWhole(media) },
            { try #require($0.downloads.last).receiver.downloadDidEnd(.failure(TransferError(.changed, "Changed."))) },
        ]
        for change in changes {
            let bench = try AnswerBench(.videoRecording)
            bench.describe()
            try bench.answerPart(of: media)
            try change(bench)
            // All begins anew.
            #expect(bench.descriptions.isEmpty)
            #expect(bench.downloads.map(\.request.range) == [Self.last, Self.first, Self.last])
            #expect(bench.downloads.map(\.request.earlierFailures) == [0, 0, 1])
            try bench.answerPart(of: media)
            try bench.answerPart(of: media)
            #expect(try bench.facts().plaintextSize == 100)
        }
    }

    @Test("Without a size, and with an impossible one, there are no facts")
    func noSize() throws {
        let bench = try AnswerBench(.voiceRecording)
        bench.describe()
        try bench.answer(206, [], [Self.garbage])
        #expect(try bench.error()?.message.contains("doesn't report the size") == true)
        bench.describe()
        try bench.answerPart(of: Self.plain(.voiceRecording, 100), total: Int(Bounds.sizes.upperBound) + 1)
        #expect(try bench.error()?.code == .transferFailed)
        #expect(bench.descriptions.count == 2 && bench.downloads.count == 2)
    }

    // MARK: Answers that can't be media

    @Test("What can't be media is asked for five times in all, with longer and longer waits, and the error tells why")
    func attempts() throws {
        let key = #""encryption_key":"CR\#(AnswerBench.digits)""#
        let cases: [(AnswerBench, [UInt8], MediaErrorCode)] = [
            (try AnswerBench(.voiceRecording), Self.garbage, .unexpectedContent),
            (try AnswerBench(.voiceRecording, AnswerBench.details), Array(Self.garbage.prefix(15)), .transferFailed),
            (try AnswerBench(.composition, key), Self.plain(.composition, 100), .unreadableEnvelope),
        ]
        for (bench, media, code) in cases {
            bench.describe()
            while bench.descriptions.isEmpty, bench.downloads.count < 20 {
                try bench.answerPart(of: media, [("ETag", "\"a\"")])
            }
            #expect(try bench.error()?.code == code)
            // The second request of an attempt, for the other end, waits for nothing.
            let failures = bench.downloads.filter { $0.request.expectedEntityTag == nil }.map(\.request.earlierFailures)
            #expect(failures == [0, 1, 2, 3, 4])
        }
    }

    @Test("Media that had an envelope counts as unencrypted after two more answers, unless its resource names a key")
    func lostEnvelope() throws {
        let media = Self.plain(.composition, 100)
        let before = try #require(
            MediaFacts(
                ciphertextSize: 100, plaintextSize: 90, isPlaintextSizeExact: true, entityTag: nil,
                envelopeFields: ["x-amz-key": "QUJD"], tail: [], requestedChannels: nil, isConfirmed: true))
        let bench = try AnswerBench(.composition, facts: before)
        #expect(bench.known.doubt())
        bench.describe()
        while bench.descriptions.isEmpty, bench.downloads.count < 20 { try bench.answerPart(of: media) }
        #expect(try bench.facts().plaintextSize == 100)
        #expect(Set(bench.downloads.map(\.request.earlierFailures)) == [0, 1, 2])
    }

    @Test("Media that is shorter than it says is asked for three times, and then taken as it is")
    func shorter() throws {
        let bench = try AnswerBench(.voiceRecording)
        var media = Self.plain(.voiceRecording, 100)
        media.replaceSubrange(4..<8, with: [0, 1, 0, 0])
        bench.describe()
        for failures in 0..<3 {
            #expect(bench.descriptions.isEmpty && bench.downloads.last?.request.earlierFailures == failures)
            try bench.answerPart(of: media)
        }
        let facts = try bench.facts()
        #expect(facts.plaintextSize == 100 && facts.completeness == .cut && !facts.isConfirmed)
        #expect(bench.downloads.count == 3)
    }

    // MARK: Servers that ignore ranges

    @Test("The first answer with everything isn't believed, the second is; no more is taken than the signature needs")
    func wholeAnswers() throws {
        let bench = try AnswerBench(.voiceRecording)
        let media = Self.plain(.voiceRecording, 100)
        bench.describe()
        try bench.answerWhole(media)
        #expect(bench.descriptions.isEmpty && bench.downloads.last?.request.earlierFailures == 1)
        let download = try bench.answerWhole(media)
        #expect(download.isCancelled)
        let facts = try bench.facts()
        // Its length may be that of a page, until its bytes confirm it.
        #expect(facts.plaintextSize == 100 && !facts.isConfirmed && facts.completeness == .whole)
        #expect(bench.descriptions[0].ignoresRanges && bench.streams.isEmpty)
        // HEAD is tried once, at the API's own address.
        #expect(bench.requests.map(\.request.method) == [.head])
        bench.describe()
        try bench.answerWhole(media)
        #expect(bench.descriptions.count == 2 && bench.downloads.count == 3 && bench.requests.count == 1)
    }

    @Test("Two answers with everything that differ in size aren't believed either")
    func wholeAnswersDiffer() throws {
        let bench = try AnswerBench(.voiceRecording)
        bench.describe()
        try bench.answerWhole(Self.plain(.voiceRecording, 100))
        try bench.answerWhole(Self.plain(.voiceRecording, 101))
        #expect(bench.descriptions.isEmpty)
        try bench.answerWhole(Self.plain(.voiceRecording, 101))
        #expect(try bench.facts().plaintextSize == 101)
    }

    @Test("The first bytes of an answer with everything count as such where the last ones were asked for")
    func beginningForEnd() throws {
        let bench = try AnswerBench(.composition)
        bench.describe()
        #expect(bench.downloads.last?.request.range == Self.last)
        for _ in 0..<5 { try bench.answerWhole(Self.garbage) }
        #expect(try bench.error()?.code == .unexpectedContent)
        bench.describe()
        try bench.answerWhole(Self.plain(.composition, 100))
        #expect(try bench.facts().plaintextSize == 100)
        // Presigned addresses refuse HEAD.
        #expect(bench.requests.isEmpty)
    }

    @Test("Sealed voice is known by the length of an answer with everything; one with a tag alone is taken whole")
    func sealedWhole() throws {
        for size in [100, 16] {
            let bench = try AnswerBench(.voiceRecording, AnswerBench.details)
            let media = Array(Self.garbage.prefix(size))
            bench.describe()
            try bench.answerWhole(media)
            try bench.answerWhole(media)
            bench.work()
            let facts = try bench.facts()
            #expect(facts.plaintextSize == Int64(size - 16) && !facts.isConfirmed)
            #expect(facts.tail == (size == 16 ? media : []) && bench.streams.isEmpty)
        }
    }

    @Test("An answer of unknown length is kept, and is all of it if its end was announced", arguments: [true, false])
    func unknownLength(isChunked: Bool) throws {
        let bench = try AnswerBench(.voiceRecording)
        let media = Self.plain(.voiceRecording, 100)
        let fields = isChunked ? [("Transfer-Encoding", "Chunked")] : []
        bench.describe()
        for _ in 0..<2 { try bench.answerWhole(media, fields, announcesLength: false) }
        let facts = try bench.facts()
        #expect(facts.plaintextSize == 100)
        #expect(facts.completeness == (isChunked ? .whole : .uncertain) && facts.isConfirmed == isChunked)
        #expect(bench.descriptions[0].ignoresRanges && bench.streams.map(\.written) == [100])
        #expect(bench.growth.map(\.written) == [20, 40, 60, 80, 100])
    }

    @Test("A stream without facts isn't kept")
    func abandonedStream() throws {
        let bench = try AnswerBench(.voiceRecording)
        bench.describe()
        for _ in 0..<2 { try bench.answerWhole(Self.garbage, announcesLength: false) }
        #expect(bench.descriptions.isEmpty && bench.streams.count == 1)
        // Its own end, and that it isn't wanted.
        #expect(bench.streamEnds.count == 2)
        guard case .failure(let error) = try #require(bench.streamEnds.last).result else {
            Issue.record("it has to fail")
            return
        }
        #expect(error.code == .transferFailed)
    }

    // MARK: Refusals

    @Test("Empty media is told by the refusal of a range; another refusal of one has everything asked for")
    func refusedRange() throws {
        let empty = try AnswerBench(.voiceRecording)
        empty.describe()
        for failures in 0..<5 {
            #expect(empty.downloads.last?.request.earlierFailures == failures && empty.descriptions.isEmpty)
            try empty.refuse(416, [("Content-Range", "bytes */0")])
        }
        #expect(try empty.error()?.message.contains("the media is empty") == true)
        let bench = try AnswerBench(.voiceRecording)
        bench.describe()
        try bench.refuse(416, [("Content-Range", "bytes */100")])
        #expect(bench.downloads.map(\.request.range) == [Self.first, nil])
        try bench.answerWhole(Self.plain(.voiceRecording, 100))
        #expect(try bench.facts().plaintextSize == 100)
        // It tells nothing about ranges.
        #expect(bench.requests.isEmpty)
        bench.describe()
        for _ in 0..<2 { try bench.refuse(416, [("Content-Range", "bytes */100")]) }
        #expect(try bench.error() != nil && bench.downloads.count == 4)
    }

    @Test("An answer of part 206 to a request for everything begins with its first bytes")
    func partForWhole() throws {
        let bench = try AnswerBench(.composition)
        bench.describe()
        try bench.refuse(416)
        try bench.answerPart(of: Self.plain(.composition, 100))
        #expect(try bench.facts().plaintextSize == 100)
        #expect(bench.downloads.map(\.request.range) == [Self.last, nil])
    }

    @Test("Who waits hastens the present request and all later ones")
    func hastened() throws {
        let priority = RisingPriority(.background)
        let bench = try AnswerBench(.voiceRecording)
        bench.describe(priority: priority)
        #expect(bench.downloads[0].request.priority == .background)
        priority.raise(to: .reader)
        priority.raise(to: .readAhead)
        #expect(bench.downloads[0].raised == [.reader])
        try bench.answerWhole(Self.garbage)
        #expect(bench.downloads[1].request.priority == .reader)
    }

    // MARK: HEAD

    /// A recording at a host whose answers to HEAD tell sizes.
    private func benchWithHead() throws -> AnswerBench {
        let bench = try AnswerBench(.voiceRecording)
        let media = Self.plain(.voiceRecording, 100)
        bench.describe()
        for _ in 0..<2 { try bench.answerWhole(media) }
        #expect(bench.requests.count == 1 && bench.requests[0].request.priority == .background)
        try bench.answerHead(200, [("Content-Length", "100")])
        bench.describe()
        #expect(bench.requests.count == 2 && bench.downloads.count == 2)
        #expect(bench.requests.last?.request.method == .head)
        return bench
    }

    @Test("A size from HEAD is one until its bytes are read")
    func head() throws {
        let bench = try benchWithHead()
        try bench.answerHead(200, [("Content-Length", "1234"), ("ETag", "\"b\"")])
        let facts = try bench.facts()
        #expect(facts.plaintextSize == 1234 && facts.entityTag == "\"b\"" && !facts.isConfirmed)
        #expect(bench.descriptions.last?.ignoresRanges == true && bench.downloads.count == 2)
    }

    @Test(
        "After another answer to HEAD, or one without a size, the first bytes are asked for again",
        arguments: [(200, "0"), (200, ""), (404, "100"), (500, "100"), (204, "100")])
    func headFails(status: Int, length: String) throws {
        let bench = try benchWithHead()
        let fields = length.isEmpty ? [] : [("Content-Length", length)]
        if status < 300 {
            try bench.answerHead(status, fields)
        } else {
            let response = Response(head: try bench.head(status, fields), body: [])
            bench.requests[1].answer(.failure(TransferError(.status, "Refused.", response: response)))
        }
        #expect(bench.downloads.count == 3 && bench.downloads.last?.request.range == Self.first)
        try bench.answerWhole(Self.plain(.voiceRecording, 100))
        #expect(try bench.facts().plaintextSize == 100)
        bench.describe()
        // A 404 is about the recording, not about the host.
        #expect(bench.requests.count == (status == 404 ? 3 : 2))
    }

    @Test("Without any answer to HEAD, no other request is tried; after one that can't be understood it is")
    func headGetsNoAnswer() throws {
        for (code, isTried) in [(TransferError.Code.connectionLost, false), (.protocolViolation, true)] {
            let bench = try benchWithHead()
            bench.requests[1].answer(.failure(TransferError(code, "Simulated.")))
            #expect(bench.downloads.count == (isTried ? 3 : 2))
            #expect(bench.descriptions.count == (isTried ? 1 : 2))
        }
    }

    @Test("A host that honours ranges again isn't asked for a HEAD any more")
    func rangesAgain() throws {
        let bench = try benchWithHead()
        try bench.answerHead(200, [("Content-Length", "100")])
        bench.clock.withLock { $0 += .seconds(601) }
        bench.describe()
        #expect(bench.downloads.count == 3)
        try bench.answerPart(of: Self.plain(.voiceRecording, 100))
        bench.describe()
        #expect(bench.downloads.count == 4 && bench.requests.count == 2)
    }

    @Test("Media that was cut is asked for its bytes, which HEAD doesn't have")
    func headOfCut() throws {
        let bench = try benchWithHead()
        try bench.answerHead(200, [("Content-Length", "100")])
        let cut = try #require(
            MediaFacts(
                ciphertextSize: 100, plaintextSize: 100, isPlaintextSizeExact: true, entityTag: nil,
                envelopeFields: [:], tail: [], requestedChannels: nil, isConfirmed: false, completeness: .cut))
        bench.known.state.withLock {
            _ = $0.describe(.reader, hasReaders: false, now: bench.services.now) { _ in }
            _ = $0.end(.success(cut), isSettled: false, now: bench.services.now)
        }
        #expect(bench.known.isCut)
        bench.describe()
        #expect(bench.downloads.count == 3)
    }
}
