import Catalog
import Envelope
import Foundation
import ModuleTestSupport
import Support
import TestSupport
import Testing
import TwilioAPI
import TwilioSimulator

@testable import FileTree
@testable import Media

@Suite("Opening files whose size is known", .orderly)
struct OpeningTests {
    /// Learns a file's size, for good.
    private static func describe(_ bench: TreeBench, _ name: String) throws -> (sid: SID, inode: InodeNumber) {
        let sid = try #require(SID(try bench.sid(name)))
        let folder = sid.kind == .voiceRecording ? "recordings" : "compositions"
        let inode = try bench.find("\(folder)/\(sid).\(name.split(separator: ".").last ?? "")").inode
        // The recorder takes a moment to store it.
        try wait(until: "the size is stored") { try bench.catalog.entry(of: sid)?.plaintextSize != nil }
        return (sid, inode)
    }

    /// The content key that is kept of a file's envelope.
    ///
    /// One that is unwrapped takes the place of the one before. So the same object wasn't unwrapped again.
    private static func contentKey(_ bench: TreeBench, _ sid: SID) throws -> ContentEncryptionKey? {
        let resource = try #require(try bench.catalog.resource(of: sid))
        let stored = try #require(try bench.catalog.media.facts(of: sid))
        let facts = try #require(MediaFacts(stored: stored.facts))
        let envelope = try #require(try MediaFacts.envelope(of: resource, fields: facts.envelopeFields))
        return bench.library.services.keys.contentKey(of: envelope)
    }

    @Test(
        "One whose private key has opened another needs no request and no content key before it is read",
        arguments: ["wav", "mp4"])
    func sealed(suffix: String) throws {
        let folder = suffix == "wav" ? "recordings" : "compositions"
        let (content, other) = ([UInt8](repeating: 1, count: 2000), [UInt8](repeating: 2, count: 1000))
        let bench = try TreeBench(files: ["\(folder)/it.\(suffix)": content, "\(folder)/other.\(suffix)": other])
        defer { bench.shutDown() }
        let (sid, inode) = try Self.describe(bench, "it.\(suffix)")
        let first = try Self.describe(bench, "other.\(suffix)")
        #expect(try bench.read(bench.open(first.inode), count: 10) == Array(other.prefix(10)))

        bench.simulator.clearRequests()
        let file = try bench.open(inode)
        #expect(bench.simulator.requests.isEmpty)
        let early = try Self.contentKey(bench, sid)
        #expect(early == nil, "nothing is unwrapped")
        #expect(try bench.read(file, count: 10) == Array(content.prefix(10)))
        let key = try Self.contentKey(bench, sid)
        #expect(key != nil && !bench.simulator.requests.isEmpty)
        #expect(try bench.read(file, count: 2000) == content)
        #expect(try bench.read(bench.open(inode), count: 2000) == content)
        let last = try Self.contentKey(bench, sid)
        #expect(last === key)
    }

    @Test("One that isn't encrypted needs no request before it is read")
    func unsealed() throws {
        let content = Array(TestMedia.signed(Data(repeating: 3, count: 1000), as: "wav"))
        let bench = try TreeBench(files: ["recordings/unencrypted/it.wav": content])
        defer { bench.shutDown() }
        let inode = try Self.describe(bench, "it.wav").inode
        bench.simulator.clearRequests()
        let file = try bench.open(inode)
        #expect(bench.simulator.requests.isEmpty)
        #expect(try bench.read(file, count: 1000) == content)
        #expect(!bench.simulator.requests.isEmpty)
    }

    @Test("One whose private key isn't held fails then, and not when it is read", arguments: [true, false])
    func keyNotHeld(holdsAnother: Bool) throws {
        let bench = try TreeBench(
            files: ["recordings/it.wav": Array(repeating: 1, count: 1000)],
            keys: holdsAnother ? KeyPair.other.ring() : KeyRing([]))
        defer { bench.shutDown() }
        let inode = try Self.describe(bench, "it.wav").inode
        let error = #expect(throws: FileTreeError.self) { try bench.open(inode) }
        #expect(error?.code == .media(.keyNotHeld))
    }
}
