import CFUSE
import Glibc
import TestSupport
import Testing
import TwilioAPI

@testable import FileSystem
@testable import FileTree

@Suite("Buffers of directory entries", .orderly)
struct DirectoryBufferTests {
    /// libfuse ignores the request when it lays out entries, but wants one.
    private static func request() throws -> fuse_req_t { try #require(fuse_req_t(bitPattern: 8)) }

    private static func entry(_ number: Int, name: String, isKnown: Bool = true) -> DirectoryEntry {
        let inode = InodeNumber(rawValue: UInt64(1000 + number))
        let attributes = Attributes(
            inode: inode, type: .regular, permissions: 0o400, user: 1, group: 2, size: Int64(number),
            modified: Timestamp(seconds: 0), validity: 5)
        return DirectoryEntry(
            name: name, inode: inode, type: name.hasPrefix(".") ? .directory : .regular,
            attributes: isKnown ? attributes : nil, validity: 9, cookie: Int64(number) + 1,
            node: Node(.directory(.root)))
    }

    /// The size of an entry by the kernel's header (linux/fuse.h): 24 bytes and the name, rounded up to 8.
    private static func size(_ name: String) -> Int { (24 + name.utf8.count + 7) & ~7 }

    /// The names and cookies in a buffer, read as the kernel's header has them.
    private static func parse(_ bytes: UnsafeRawBufferPointer, prefix: Int) -> [(name: String, cookie: UInt64)] {
        var found: [(name: String, cookie: UInt64)] = []
        var position = 0
        while position < bytes.count {
            let start = position + prefix
            let length = Int(bytes.loadUnaligned(fromByteOffset: start + 16, as: UInt32.self))
            let name = String(decoding: bytes[(start + 24)..<(start + 24 + length)], as: UTF8.self)
            found.append((name, bytes.loadUnaligned(fromByteOffset: start + 8, as: UInt64.self)))
            position += prefix + size(name)
        }
        return found
    }

    @Test("As many entries are added as fit, whole ones only", arguments: Array(stride(from: 0, through: 400, by: 7)))
    func fill(size: Int) throws {
        for isPlus in [false, true] {
            let prefix = isPlus ? 128 : 0
            var buffer = DirectoryBuffer(size: size)
            var expected: [String] = []
            var used = 0
            for number in 0... {
                let name = String(repeating: "n", count: 1 + number % 11)
                let fits = used + prefix + Self.size(name) <= size
                let entry = Self.entry(number, name: name)
                #expect(buffer.add(entry, withAttributes: isPlus, for: try Self.request()) == fits)
                guard fits else { break }
                used += prefix + Self.size(name)
                expected.append(name)
            }
            let found = buffer.withBytes { Self.parse($0, prefix: prefix) }
            #expect(found.map(\.name) == expected)
            #expect(found.map(\.cookie) == (0..<expected.count).map { UInt64($0 + 1) })
            #expect(buffer.withBytes { $0.count } == used)
        }
    }

    @Test(
        "A reference is given for entries with attributes, and never for the dots",
        arguments: [("RE.wav", true, true), ("RE.wav", false, false), (".", true, false), ("..", true, false)])
    func references(name: String, isKnown: Bool, counts: Bool) throws {
        var buffer = DirectoryBuffer(size: 4096)
        let entry = Self.entry(5, name: name, isKnown: isKnown)
        #expect(buffer.add(entry, withAttributes: true, for: try Self.request()))
        // `nodeid` is the first field of `fuse_entry_out`; the directory entry after it always tells its number.
        let (nodeID, inode) = buffer.withBytes {
            ($0.loadUnaligned(as: UInt64.self), $0.loadUnaligned(fromByteOffset: 128, as: UInt64.self))
        }
        #expect(nodeID == (counts ? 1005 : 0))
        #expect(inode == 1005)
    }
}
