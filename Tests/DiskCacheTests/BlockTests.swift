import Foundation
import Glibc
import TestSupport
import Testing

@testable import DiskCache
@testable import cache_exerciser

@Suite("A cached block", .orderly)
struct BlockTests {
    private let bench: CacheBench
    private let content = Pattern.content(1)

    init() throws {
        bench = try CacheBench()
    }

    @Test(
        "It is read as it was stored, by other buffers and after a restart",
        arguments: [0, 1, 16, 1000, (1 << 20) + 16])
    func roundTrip(length: Int) throws {
        let bytes = Pattern.bytes(7, of: content, length: length)
        for _ in 0..<2 {
            let cache = try bench.open()
            cache.store(bytes, 7, of: content)
            #expect(cache.read(7, of: content, length: length) == bytes)
            #expect(cache.blocks(of: content) == [7])
            cache.shutDown()
            #expect(cache.read(7, of: content, length: length) == nil, "after the end there are only misses")
        }
        #expect(try bench.onlyFile().isEmpty == false)
    }

    @Test("It is scattered over more buffers than a system call takes")
    func manyBuffers() throws {
        let cache = try bench.open()
        let bytes = Pattern.bytes(0, of: content, length: 5000)
        cache.store(bytes, 0, of: content)
        var found = [UInt8](repeating: 0, count: 5000)
        found.withUnsafeMutableBytes { found in
            let buffers = (0..<5000).map { UnsafeMutableRawBufferPointer(rebasing: found[$0..<$0 + 1]) }
            #expect(cache.read(0, of: content, into: buffers))
        }
        #expect(found == bytes)
    }

    @Test("Only its owner can read it")
    func modes() throws {
        let cache = try bench.open()
        cache.store(0, of: content)
        let found = try Command.shell(#"find "$1" -printf '%y %m %P\n'"#, bench.path).lines
        #expect(found.count > 5)
        for line in found { #expect(line.hasPrefix("d 700 ") || line.hasPrefix("f 600 "), "\(line)") }
    }

    @Test("Asked for with another length it is a miss, and stays")
    func otherLength() throws {
        let cache = try bench.open()
        let length = Pattern.length(0, of: content)
        cache.store(0, of: content)
        #expect(cache.read(0, of: content, length: length - 1) == nil)
        #expect(cache.read(0, of: content, length: length + 1) == nil)
        #expect(cache.hasRight(0, of: content))
    }

    @Test("A flipped bit, wherever it is, makes it a miss, and the file goes")
    func flippedBits() throws {
        let cache = try bench.open()
        let block = 3
        let length = 300
        let bytes = Pattern.bytes(block, of: content, length: length)
        var sizes: Set<Int> = []
        cache.store(bytes, block, of: content)
        let size = try Data(contentsOf: URL(filePath: bench.onlyFile())).count
        for bit in 0..<size * 8 where bit % 8 == bit / 8 % 8 {
            cache.store(bytes, block, of: content)
            let file = URL(filePath: try bench.onlyFile())
            var data = try Data(contentsOf: file)
            sizes.insert(data.count)
            data[bit / 8] ^= 1 << (bit % 8)
            try data.write(to: file)
            #expect(cache.read(block, of: content, length: length) == nil, "bit \(bit)")
            #expect(bench.files == [])
            #expect(cache.blocks(of: content) == [])
        }
        #expect(sizes == [size])
        #expect(cache.statistics.damaged == size)
        #expect(cache.statistics.bytes == 0)
        #expect(bench.log.filter { $0.hasPrefix("warning") }.count == 1, "said once: \(bench.log)")
    }

    @Test("Cut or extended, by a byte or many, it is a miss, and the file goes")
    func otherSize() throws {
        let cache = try bench.open()
        let size = try {
            cache.store(0, of: content)
            return try Data(contentsOf: URL(filePath: bench.onlyFile())).count
        }()
        for newSize in [0, 1, 31, 32, 40, 50, size / 2, size - 1, size + 1, size + 4096, size * 2] {
            cache.store(0, of: content)
            #expect(truncate(try bench.onlyFile(), newSize) == 0)
            #expect(!cache.hasRight(0, of: content), "size \(newSize)")
            #expect(bench.files == [])
        }
        cache.store(0, of: content)
        #expect(cache.hasRight(0, of: content))
    }

    @Test("Of a foreign version it is a miss, although its checksum is right")
    func foreignVersion() throws {
        let cache = try bench.open()
        cache.store(0, of: content)
        let file = URL(filePath: try bench.onlyFile())
        var data = try Data(contentsOf: file)
        let header = try #require(BlockHeader(BlockPlace(content: content, number: 0), dataLength: 0))
        data[7] += 1
        guard var checksum = BlockChecksum() else { throw CommandError("no memory") }
        data[..<header.bytes.count].withUnsafeBytes { checksum.update($0) }
        data[header.length...].withUnsafeBytes { checksum.update($0) }
        withUnsafeBytes(of: checksum.value.littleEndian) {
            data.replaceSubrange(header.bytes.count..<header.length, with: $0)
        }
        try data.write(to: file)
        #expect(!cache.hasRight(0, of: content))
        #expect(bench.files == [])
    }

    @Test("In another's place it is a miss")
    func exchanged() throws {
        let cache = try bench.open()
        for block in 0..<2 { cache.store(Pattern.bytes(0, of: content, length: 99), block, of: content) }
        let files = bench.files.sorted()
        try Command.shell(#"mv "$1" x; mv "$2" "$1"; mv x "$2""#, files[0], files[1], directory: bench.path)
        for block in 0..<2 { #expect(cache.read(block, of: content, length: 99) == nil) }
        #expect(bench.files == [])
    }

    @Test("When the entity tag or the size has changed it is a miss, and the file goes")
    func changedContent() throws {
        let cache = try bench.open()
        let changed = [
            Pattern.content(1, entityTag: "\"two\""),
            CacheContent(sid: content.sid, entityTag: content.entityTag, size: 1),
        ]
        for other in changed {
            cache.store(0, of: content)
            #expect(cache.blocks(of: other) == [])
            #expect(!cache.hasRight(0, of: other))
            cache.waitForUpkeep()
            #expect(bench.files == [], "removed without being asked for again")

            cache.store(0, of: content)
            cache.store(1, of: other)
            cache.waitForUpkeep()
            #expect(!cache.hasRight(0, of: content))
        }
    }

    @Test("Its checksum is that of xxhsum")
    func checksum() throws {
        let folder = try TemporaryFolder()
        for length in [0, 1, 16, 17, 128, 240, 241, 1024, 100_000] {
            let bytes = Pattern.bytes(0, of: content, length: length)
            try Data(bytes).write(to: folder.url.appending(path: "data"))
            guard var checksum = BlockChecksum() else { throw CommandError("no memory") }
            let middle = length / 3
            bytes[..<middle].withUnsafeBytes { checksum.update($0) }
            bytes[middle...].withUnsafeBytes { checksum.update($0) }
            let text = try Command.require(["xxhsum", "-H3", folder.path("data")]).text
            #expect(text.contains(String(checksum.value, radix: 16)), "\(text)")
        }
    }
}
