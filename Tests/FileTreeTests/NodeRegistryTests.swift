import TestSupport
import Testing
import TwilioAPI

@testable import FileTree

@Suite("What the kernel is told of changes", .orderly)
struct NodeRegistryTests {
    private static func account(_ digit: Character) throws -> SID {
        try #require(SID("AC" + String(repeating: digit, count: 32)))
    }

    @Test("Media that differs has another revision, and its file's attributes expire, in the branch of its account")
    func media() throws {
        let (first, second, stranger) = (try Self.account("1"), try Self.account("2"), try Self.account("3"))
        let kernel = ExpiredInodes()
        let registry = NodeRegistry(subaccounts: [first, second], kernel: kernel)
        let sid = try #require(SID("RE" + String(repeating: "a", count: 32)))
        for (account, branch) in [(nil, 0), (second, 2), (first, 1), (stranger, 0)] as [(SID?, UInt16)] {
            let revision = registry.revision(of: sid)
            registry.mediaMayDiffer(sid, of: account)
            #expect(registry.revision(of: sid) == revision + 1)
            let node = Node(.media(sid, .voiceRecording), in: BranchNumber(rawValue: branch))
            #expect(kernel.notices.all.last == [registry.number(node)])
            // Another node of that number would have displaced it.
            registry.refer(to: node)
            #expect(registry.knownNode(registry.number(node)) == node)
        }
        #expect(Set(kernel.notices.all).count == 3)
        #expect(registry.revision(of: first) == 0)
    }

    @Test("A removed file keeps its attributes while the kernel knows it, and only then")
    func removal() throws {
        let registry = NodeRegistry(kernel: ExpiredInodes())
        let sid = try #require(SID("RE" + String(repeating: "a", count: 32)))
        let file = Node(.media(sid, .voiceRecording))
        let others = [Node(.metadata(sid, .voiceRecording)), Node(.link(sid, .voiceRecording, .date))]
        let attributes = { (inode: InodeNumber) in
            Attributes(
                regular: inode, TreeBench.ownership, size: 7, modified: Attributes.unknownTime, validity: 0)
        }
        let inodes = ([file] + others).map(registry.number)
        #expect(registry.remove(file, others, keeping: attributes) == inodes)
        #expect(registry.attributes(ofRemoved: inodes[0]) == nil)
        registry.refer(to: file)
        _ = registry.remove(file, others, keeping: nil)
        #expect(registry.attributes(ofRemoved: inodes[0]) == nil)
        _ = registry.remove(file, others, keeping: attributes)
        #expect(registry.attributes(ofRemoved: inodes[0]) == attributes(inodes[0]))
        registry.forget(inodes[0], count: 1)
        #expect(registry.attributes(ofRemoved: inodes[0]) == nil)
    }
}
