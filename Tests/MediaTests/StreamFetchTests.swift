import Support
import TestSupport
import Testing
import TwilioAPI

@testable import Media
@testable import Transfer

/// Streams of everything against answers of every kind, piece by piece.
@Suite("Fetching a stream", .orderly)
struct StreamFetchTests {
    private static let envelope = ["x-amz-key": "QUJD", "x-amz-iv": "QUJDREVGR0hJSktMTU5PUA=="]
    private static let media = Array(TestMedia.signed(TestMedia.noise(100, seed: 5), as: "mka"))

    /// A stream of media that is known to have a size.
    private static func bench(
        size: Int64 = 100, isSealed: Bool = false
    ) throws -> (answers: AnswerBench, fetch: StreamFetch) {
        let facts = try #require(
            MediaFacts(
                ciphertextSize: size, plaintextSize: size, isPlaintextSizeExact: true, entityTag: "\"a\"",
                envelopeFields: isSealed ? envelope : [:], tail: [], requestedChannels: nil, isConfirmed: false))
        let bench = try AnswerBench(.composition, facts: facts)
        return (bench, StreamFetch(bench.known, to: try Spool.temporary(), delegate: bench))
    }

    private static func begin(
        _ stream: (answers: AnswerBench, fetch: StreamFetch), _ status: Int = 200, at offset: Int64 = 0,
        fields: [(String, String)] = [("Content-Length", "100")]
    ) throws -> Bool {
        let head = try stream.answers.head(status, [("ETag", "\"a\"")] + fields)
        #expect(stream.fetch.refusal(of: head) == nil)
        return stream.fetch.downloadDidBegin(head, at: offset)
    }

    private static func deliver(_ stream: (answers: AnswerBench, fetch: StreamFetch), _ bytes: ArraySlice<UInt8>) {
        stream.fetch.downloadDidReceive(Array(bytes).span.bytes)
    }

    private static func failure(of bench: AnswerBench) throws -> (code: MediaErrorCode?, finding: MediaFinding?) {
        let end = try #require(bench.streamEnds.last)
        if case .failure(let error) = end.result { return (error.code, end.finding) }
        return (nil, end.finding)
    }

    @Test("It is recognised with its signature, if its announced length is the known size", arguments: [100, 99, nil])
    func recognition(length: Int?) throws {
        let stream = try Self.bench()
        let fields = length.map { [("Content-Length", "\($0)")] } ?? []
        let head = try stream.answers.head(200, [("ETag", "\"a\"")] + fields)
        #expect((stream.fetch.refusal(of: head) == nil) == (length != 99))
        #expect(stream.fetch.downloadDidBegin(head, at: 0))
        for part in [0..<11, 11..<12, 12..<100] { Self.deliver(stream, Self.media[part]) }
        stream.fetch.downloadDidEnd(.success(()))
        #expect(stream.answers.growth.map(\.written) == [11, 12, 100])
        #expect(stream.answers.growth.map(\.isRecognised) == [false, length == 100, length == 100])
        #expect(try stream.fetch.tail(count: 32) == Array(Self.media.suffix(32)))
        #expect(try stream.fetch.beginning(count: 32) == Array(Self.media.prefix(32)))
        #expect(try stream.fetch.tail(count: 101) == Self.media && stream.fetch.beginning(count: 101) == Self.media)
        #expect(try Self.failure(of: stream.answers) == (nil, nil))
    }

    @Test("Media that isn't encrypted with another beginning fails at once, and what is encrypted has none")
    func beginning() throws {
        let garbage = TestMedia.noise(100, seed: 9)
        let stream = try Self.bench()
        #expect(try Self.begin(stream))
        Self.deliver(stream, Array(garbage)[..<12])
        #expect(try Self.failure(of: stream.answers) == (.transferFailed, .contradicted))
        Self.deliver(stream, Array(garbage)[12...])
        #expect(stream.answers.growth.isEmpty && stream.fetch.written == 12)
        stream.fetch.downloadDidEnd(.failure(.cancelled))
        #expect(try stream.answers.streamEnds.count == 2 && Self.failure(of: stream.answers) == (.transferFailed, nil))
        let sealed = try Self.bench(isSealed: true)
        #expect(try Self.begin(sealed, fields: [("Content-Length", "100")] + Self.envelope.map { ($0.key, $0.value) }))
        Self.deliver(sealed, Array(garbage)[...])
        #expect(sealed.answers.growth.map(\.isRecognised) == [true])
    }

    @Test("Media shorter than a signature is checked at its end")
    func short() throws {
        let stream = try Self.bench(size: 5)
        #expect(try Self.begin(stream, fields: [("Content-Length", "5")]))
        Self.deliver(stream, [1, 2, 3, 4, 5])
        #expect(stream.answers.streamEnds.isEmpty)
        stream.fetch.downloadDidEnd(.success(()))
        #expect(try Self.failure(of: stream.answers) == (.transferFailed, .contradicted))
    }

    @Test("What breaks off goes on at the next byte and nowhere else, in a part or in everything")
    func resumed() throws {
        let stream = try Self.bench()
        #expect(try Self.begin(stream, fields: [("Content-Length", "100")]))
        Self.deliver(stream, Self.media[..<50])
        #expect(
            try Self.begin(
                stream, 206, at: 50, fields: [("Content-Range", "bytes 50-99/100"), ("Content-Length", "50")]))
        Self.deliver(stream, Self.media[50...])
        #expect(stream.answers.growth.map(\.isRecognised) == [true, true])
        #expect(try stream.fetch.beginning(count: 100) == Self.media)
        for offset in [49, 51, 0] as [Int64] {
            let other = try Self.bench()
            #expect(try Self.begin(other))
            Self.deliver(other, Self.media[..<50])
            #expect(try !Self.begin(other, 206, at: offset, fields: [("Content-Range", "bytes \(offset)-99/100")]))
            other.fetch.downloadDidEnd(.failure(.cancelled))
            #expect(try Self.failure(of: other.answers) == (.transferFailed, nil))
        }
    }

    @Test("The part that a stream goes on with tells the size that it is recognised by")
    func sizeOfParts() throws {
        for total in [100, 101] {
            let stream = try Self.bench()
            #expect(
                try Self.begin(
                    stream, 206, fields: [("Content-Range", "bytes 0-99/\(total)"), ("Content-Length", "100")]))
            Self.deliver(stream, Self.media[...])
            #expect(stream.answers.growth.map(\.isRecognised) == [total == 100])
        }
    }

    @Test("Another envelope in two answers ends it as changed, and so does another entity tag")
    func changed() throws {
        let stream = try Self.bench(isSealed: true)
        var fields = Self.envelope.map { ($0.key, $0.key == "x-amz-key" ? "QUJE" : $0.value) }
        fields += [("ETag", "\"a\""), ("Content-Length", "100")]
        let head = try stream.answers.head(200, fields)
        #expect(stream.fetch.refusal(of: head) != nil && stream.fetch.refusal(of: head) == nil)
        #expect(!stream.fetch.downloadDidBegin(head, at: 0))
        #expect(try Self.failure(of: stream.answers) == (.changed, .changed))
        let other = try Self.bench()
        other.fetch.downloadDidEnd(.failure(TransferError(.changed, "Simulated.")))
        #expect(try Self.failure(of: other.answers) == (.changed, .changed))
    }

    @Test("More bytes than the media has contradict what is known of it")
    func tooLong() throws {
        let stream = try Self.bench()
        #expect(try Self.begin(stream, fields: []))
        stream.fetch.downloadDidEnd(.failure(TransferError(.bodyTooLarge, "Simulated.")))
        #expect(try Self.failure(of: stream.answers) == (.changed, .contradicted))
    }

    @Test("A failure of the network says nothing about the media; answers that contradict it to the end do")
    func failures() throws {
        for (code, finding) in [(.connectionLost, nil), (.unusableAnswer, .contradicted)]
            as [(TransferError.Code, MediaFinding?)]
        {
            let stream = try Self.bench()
            let head = try stream.answers.head(200, [("ETag", "\"a\""), ("Content-Length", "7")])
            #expect(stream.fetch.refusal(of: head) != nil)
            stream.fetch.downloadDidEnd(.failure(TransferError(code, "Simulated.")))
            #expect(try Self.failure(of: stream.answers) == (.transferFailed, finding))
        }
    }
}
