import Envelope
import Support
import TestSupport
import Testing
import TwilioAPI

@testable import Media
@testable import Transfer

/// Fetches of blocks against answers of every kind, piece by piece.
@Suite("Fetching blocks", .orderly)
struct BlockFetchTests {
    /// Notes what a fetch tells.
    private final class Delegate: FetchDelegate, @unchecked Sendable {
        // Safe although unchecked: all happens on one thread.
        struct Write: Equatable {
            let block: Int
            let count: Int
        }

        var writes: [Write] = []
        /// The block from whose end on nothing more is wanted.
        var lastBlock = Int.max
        var streamCount = 0
        var end: (result: Result<Void, MediaError>, finding: MediaFinding?)?

        func fetchDidWrite(_ number: Int, to block: Block, count: Int, of content: MediaContent) -> Bool {
            writes.append(Write(block: block.index, count: count))
            return block.index < lastBlock || count < block.byteCount
        }

        func fetchDidBecomeStream(_ transfer: TransferSlot) throws(MediaError) -> StreamFetch? {
            streamCount += 1
            return nil
        }

        func fetchDidEnd(_ number: Int, _ result: Result<Void, MediaError>, _ finding: MediaFinding?) {
            end = (result, finding)
        }
    }

    private struct Bench {
        let answers: AnswerBench
        let delegate = Delegate()
        let media: [UInt8]
        let blocks: [Block]
        let receiver: any DownloadReceiver

        /// Orders some blocks of media that ends in the middle of the third one.
        init(_ indices: Range<Int>, cipher: EnvelopeMetadata.ContentCipher? = nil, media given: [UInt8]? = nil) throws {
            let size = 2 * Block.size + 1600
            media =
                given
                ?? (cipher == nil
                    ? Array(TestMedia.signed(TestMedia.noise(size, seed: 3), as: "mka"))
                    : Array(TestMedia.noise(size, seed: 3)))
            let tail = cipher == nil ? [] : Array(media.suffix(32))
            let plaintextSize = Int64(media.count) - (cipher == nil ? 0 : cipher == .aes256CBC ? 5 : 16)
            let facts = try #require(
                MediaFacts(
                    ciphertextSize: Int64(media.count), plaintextSize: plaintextSize, isPlaintextSizeExact: true,
                    entityTag: "\"a\"", envelopeFields: cipher == nil ? [:] : ["x-amz-key": "QUJD"], tail: tail,
                    requestedChannels: nil, isConfirmed: true))
            answers = try AnswerBench(.composition, facts: facts)
            var content = MediaContent(plaintextSize: plaintextSize)
            if let cipher {
                let metadata = try EnvelopeMetadata(
                    cipher: cipher, wrapping: .rsaOAEPSHA256, wrappedKey: Array(repeating: 0, count: 256),
                    initializationVector: Array(repeating: 1, count: cipher == .aes256CBC ? 16 : 12))
                content = try MediaContent(
                    facts: facts, metadata: metadata, key: ContentEncryptionKey(SecretBytes(Array(0..<32))),
                    isStrict: false)
            }
            let memory = try #require(answers.services.memory.take(indices.count, for: .reader))
            let contentSize = Int(content.contentSize)
            blocks = zip(indices, memory).map { index, memory in
                Block(index: index, byteCount: min(Block.size, contentSize - index * Block.size), memory: memory)
            }
            let order = BlockState.Map.FetchOrder(number: 7, blocks: blocks, source: .server)
            let fetch = try #require(BlockFetch(order, of: content, answers.known, delegate: delegate))
            try fetch.start(priority: .readAhead)
            receiver = fetch
        }

        var range: Range<Int>? {
            guard case .bytes(let range)? = answers.downloads.last?.request.range else { return nil }
            return Int(range.lowerBound)..<Int(range.upperBound)
        }

        var isCancelled: Bool { answers.downloads.last?.isCancelled ?? false }

        /// Answers with the requested part, or as told.
        func begin(_ status: Int = 206, at offset: Int? = nil, total: Int? = nil, tag: String = "\"a\"") throws -> Bool
        {
            let range = try #require(range)
            let start = offset ?? range.lowerBound
            let told = "bytes \(start)-\(range.upperBound - 1)/\(total ?? media.count)"
            var fields = [("ETag", tag)]
            if status == 206 { fields.append(("Content-Range", told)) }
            fields += answers.known.facts?.envelopeFields.map { ($0.key, $0.value) } ?? []
            let head = try answers.head(status, fields)
            #expect(answers.downloads.last?.request.refusal?(head) == nil)
            return receiver.downloadDidBegin(head, at: Int64(start))
        }

        func deliver(_ bytes: ArraySlice<UInt8>) { receiver.downloadDidReceive(Array(bytes).span.bytes) }

        func bytes(_ block: Block, _ range: Range<Int>? = nil) -> [UInt8] {
            block.read(range ?? 0..<block.byteCount) { part in part.withUnsafeBytes { Array($0) } }
        }

        func expectFailure(
            _ code: MediaErrorCode, _ finding: MediaFinding?, location: SourceLocation = #_sourceLocation
        ) {
            guard case .failure(let error)? = delegate.end?.result else {
                Issue.record("it has to fail", sourceLocation: location)
                return
            }
            #expect(error.code == code && delegate.end?.finding == finding, sourceLocation: location)
        }
    }

    @Test("A fetch takes no more bytes than the media has, although a server may ignore the range")
    func bodyLimit() throws {
        let bench = try Bench(1..<2)
        #expect(bench.answers.downloads.last?.request.bodyLimit == Int64(bench.media.count))
    }

    @Test("Blocks are filled from pieces of any size, each piece is told, and bytes beyond are ignored")
    func pieces() throws {
        let bench = try Bench(1..<3)
        let range = try #require(bench.range)
        #expect(range == Block.size..<bench.media.count)
        let request = try #require(bench.answers.downloads.first?.request)
        #expect(request.priority == .readAhead && request.expectedEntityTag == "\"a\"")
        #expect(try bench.begin())
        for part in [0..<1, 1..<100_000, 100_000..<131_073, 131_073..<132_672] {
            bench.deliver(
                bench.media[range][(range.lowerBound + part.lowerBound)..<(range.lowerBound + part.upperBound)])
        }
        bench.deliver([1, 2, 3])
        bench.receiver.downloadDidEnd(.success(()))
        #expect(
            bench.delegate.writes == [
                .init(block: 1, count: 1), .init(block: 1, count: 100_000), .init(block: 1, count: 131_072),
                .init(block: 2, count: 1), .init(block: 2, count: 1600),
            ])
        #expect(bench.blocks.flatMap { bench.bytes($0) } == Array(bench.media[range]))
        #expect(throws: Never.self) { try bench.delegate.end?.result.get() }
        #expect(bench.delegate.end?.finding == nil && !bench.isCancelled)
    }

    @Test("Where decryption needs the sixteen bytes before a block, they come along, in pieces of any size")
    func prefix() throws {
        let bench = try Bench(1..<3, cipher: .aes256CBC)
        let range = try #require(bench.range)
        #expect(range == (Block.size - 16)..<bench.media.count)
        #expect(try bench.begin())
        for part in [0..<15, 15..<17, 17..<131_088, 131_088..<132_688] {
            bench.deliver(
                bench.media[range][(range.lowerBound + part.lowerBound)..<(range.lowerBound + part.upperBound)])
        }
        bench.receiver.downloadDidEnd(.success(()))
        #expect(
            bench.delegate.writes == [
                .init(block: 1, count: 1), .init(block: 1, count: 131_072), .init(block: 2, count: 1600),
            ])
        for block in bench.blocks {
            let start = block.index * Block.size
            #expect(
                bench.bytes(block, -16..<block.byteCount)
                    == Array(bench.media[(start - 16)..<(start + block.byteCount)]))
        }
        #expect(throws: Never.self) { try bench.delegate.end?.result.get() }
        // The first block has none before it, and GCM needs none.
        #expect(try Bench(0..<1, cipher: .aes256CBC).range == 0..<Block.size)
        #expect(try Bench(1..<2, cipher: .aes256GCM).range == Block.size..<(2 * Block.size))
    }

    @Test("Media that isn't encrypted is released once its signature has come, and not at all with another beginning")
    func signature() throws {
        let bench = try Bench(0..<2)
        #expect(try bench.begin())
        bench.deliver(bench.media[..<11])
        #expect(bench.delegate.writes.isEmpty)
        bench.deliver(bench.media[11..<12])
        #expect(bench.delegate.writes == [.init(block: 0, count: 12)])
        for size in [2 * Block.size, 12, 11, 1] {
            let forged = try Bench(0..<1, media: Array(TestMedia.noise(size, seed: 9)))
            #expect(try forged.begin())
            forged.deliver(forged.media.prefix(1))
            forged.deliver(forged.media.dropFirst().prefix(Block.size - 1))
            #expect(forged.delegate.writes.isEmpty && forged.isCancelled)
            forged.receiver.downloadDidEnd(.failure(.cancelled))
            forged.expectFailure(.changed, .changed)
        }
        // Further on there is nothing to check, and what is encrypted has no signature.
        for bench in [try Bench(1..<2), try Bench(0..<1, cipher: .aes256CBC), try Bench(0..<1, cipher: .aes256GCM)] {
            #expect(try bench.begin())
            bench.deliver([1])
            #expect(bench.delegate.writes == [.init(block: bench.blocks[0].index, count: 1)])
        }
    }

    @Test("The last bytes of CBC media have to be those of its description; GCM's are authenticated")
    func lastBytes() throws {
        for (cipher, isRefused) in [(.aes256CBC, true), (.aes256GCM, false)]
            as [(EnvelopeMetadata.ContentCipher, Bool)]
        {
            let bench = try Bench(2..<3, cipher: cipher)
            let range = try #require(bench.range)
            #expect(try bench.begin())
            var bytes = Array(bench.media[range])
            bytes[bytes.count - 32] ^= 1
            bench.deliver(bytes[...])
            #expect(bench.isCancelled == isRefused && bench.delegate.writes.isEmpty == isRefused)
            bench.receiver.downloadDidEnd(.failure(.cancelled))
            bench.expectFailure(isRefused ? .changed : .shutDown, isRefused ? .changed : nil)
        }
    }

    @Test("What breaks off goes on where it stopped, and an answer with everything then does as well")
    func resumed() throws {
        for status in [206, 200] {
            let bench = try Bench(1..<2)
            #expect(try bench.begin())
            bench.deliver(bench.media[Block.size..<(Block.size + 1000)])
            #expect(try bench.begin(status, at: Block.size + 1000))
            bench.deliver(bench.media[(Block.size + 1000)..<(2 * Block.size)])
            #expect(bench.bytes(bench.blocks[0]) == Array(bench.media[Block.size..<(2 * Block.size)]))
            #expect(bench.delegate.streamCount == 0)
        }
    }

    @Test("An answer with everything from its beginning is a stream, which another one in progress may be instead")
    func stream() throws {
        let bench = try Bench(1..<2)
        #expect(try !bench.begin(200, at: 0))
        #expect(bench.delegate.streamCount == 1)
        bench.receiver.downloadDidEnd(.failure(.cancelled))
        bench.expectFailure(.shutDown, nil)
    }

    @Test("Bytes of another place are refused, and so is an answer that tells another size")
    func otherPlace() throws {
        let elsewhere = try Bench(1..<2)
        #expect(try !elsewhere.begin(at: 5))
        elsewhere.receiver.downloadDidEnd(.failure(.cancelled))
        elsewhere.expectFailure(.transferFailed, nil)
        let other = try Bench(1..<2)
        #expect(try !other.begin(total: 1_000_000))
        other.receiver.downloadDidEnd(.failure(.cancelled))
        // Either size may be wrong.
        other.expectFailure(.changed, .contradicted)
    }

    @Test("What nobody wants any more isn't taken")
    func over() throws {
        let bench = try Bench(0..<3)
        bench.delegate.lastBlock = 1
        #expect(try bench.begin())
        bench.deliver(bench.media[...])
        #expect(bench.isCancelled)
        #expect(bench.delegate.writes == [.init(block: 0, count: Block.size), .init(block: 1, count: Block.size)])
    }

    @Test("A change that the transfer sees is one, and a failure of the network isn't")
    func ends() throws {
        for (code, result, finding) in [
            (.changed, .changed, .changed), (.connectionLost, .transferFailed, nil), (.cancelled, .shutDown, nil),
        ] as [(TransferError.Code, MediaErrorCode, MediaFinding?)] {
            let bench = try Bench(1..<2)
            bench.receiver.downloadDidEnd(.failure(TransferError(code, "Simulated.")))
            bench.expectFailure(result, finding)
        }
    }

    @Test("The time to the first byte and the rate after it tell how many connections are worth while")
    func speed() throws {
        let bench = try Bench(0..<2)
        let clock = bench.answers.clock
        clock.withLock { $0 += .milliseconds(20) }
        #expect(try bench.begin())
        bench.deliver(bench.media[..<12])
        clock.withLock { $0 += .milliseconds(1) }
        bench.deliver(bench.media[12..<(2 * Block.size)])
        bench.receiver.downloadDidEnd(.success(()))
        var link = LinkEstimate()
        link.note(byteCount: Int64(2 * Block.size), delay: 0.02, seconds: 0.001)
        let noted = bench.answers.services.link.withLock { $0 }
        #expect(link.connectionCount == 4)
        #expect(noted.connectionCount == link.connectionCount && noted.largestWindow == link.largestWindow)
    }
}
