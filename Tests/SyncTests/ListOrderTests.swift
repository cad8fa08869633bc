import Catalog
import CatalogTestSupport
import Foundation
import ModuleTestSupport
import Support
import TestSupport
import Testing
import TwilioAPI

@testable import Sync

@Suite("A list in another order than the newest first", .orderly)
struct ListOrderTests {
    /// A list of voice recordings, page by page.
    final class Pages: Sendable {
        /// Recordings by number and day; nil for a page that fails.
        typealias Content = [[(number: Int, day: Int64)]?]

        /// The pages of the whole list, and those of a part.
        let whole: Locked<Content>
        let part: Content

        init(_ whole: Content, part: Content) {
            self.whole = Locked(whole)
            self.part = part
        }

        func answer(_ target: String) -> LoopbackServer.Answer {
            let list = "/2010-04-01/Accounts/AC\(TestClient.digits)/Recordings.json"
            let isPart = target.contains("DateCreated") || target.contains("Page=1")
            let pages = isPart ? part : whole.withLock { $0 }
            let index = Int(target.suffix(1)).flatMap { target.contains("?Page=") ? $0 : nil } ?? 0
            guard pages.indices.contains(index), let page = pages[index] else {
                return LoopbackServer.Answer(status: 400)
            }
            let texts = page.compactMap {
                try? Sample.resource($0.number, seconds: 1_700_000_000 + $0.day * 86_400)
            }.map { String(decoding: $0.json, as: UTF8.self) }.joined(separator: ",")
            let isLast = index == pages.count - 1
            let next = isLast ? "null" : "\"\(list)?Page=\(isPart ? 1 : 2)\(index + 1)\""
            return LoopbackServer.Answer(body: Array(#"{"recordings":[\#(texts)],"next_page_uri":\#(next)}"#.utf8))
        }
    }

    private static func bench(_ server: LoopbackServer, _ folder: CatalogFolder? = nil) throws -> SyncBench {
        var settings = SyncSettings(refreshInterval: .seconds(1))
        settings.passInterval = 1
        return try SyncBench(
            TestClient(url: server.url), folder: folder, window: CatalogWindow(kinds: [.voiceRecording]),
            settings: settings)
    }

    private static func sids(_ numbers: Int...) throws -> Set<SID> { Set(try numbers.map { try Sample.sid($0) }) }

    @Test(
        "What was covered before doesn't count, whether this fetch or an earlier one has relied on the order",
        arguments: [
            [[(1, 20), (2, 10)], [(3, 15)], [(4, 12)]], [[(1, 20), (2, 10)], nil, [(4, 12)]],
        ] as [Pages.Content],
        [[[(5, 5), (6, 8)]], [[(6, 8), (5, 5)], [(7, 7)]]] as [Pages.Content])
    func void(whole: Pages.Content, part: Pages.Content) throws {
        let pages = Pages(whole, part: part)
        let server = try LoopbackServer { pages.answer($0.target) }
        defer { server.stop() }
        let folder = try CatalogFolder()
        do {
            let bench = try Self.bench(server, folder)
            defer { bench.shutDown() }
            let result = try bench.list(.voiceRecording)
            if whole[1] == nil {
                // The first page has covered what is newer than its last recording.
                #expect(throws: CatalogError.self) { try result.get() }
                #expect(try !bench.catalog.lists.state(of: .voiceRecording).coverage.isEmpty)
            } else {
                // Whoever waits gets the list all the same.
                try result.get()
            }
        }
        pages.whole.withLock { $0[1] = [(3, 15)] }
        let bench = try Self.bench(server, folder)
        defer { bench.shutDown() }
        try bench.list(.voiceRecording).get()
        #expect(Set(try bench.catalog.listed()).isSuperset(of: try Self.sids(1, 2, 3, 4)))
        let state = try bench.catalog.lists.state(of: .voiceRecording)
        #expect(state.isUnordered)
        #expect(state.coverage == .everything)
    }

    @Test("What is covered by the end of the list is kept when the rest fails")
    func failing() throws {
        let pages = Pages([[(1, 20), (2, 10)], [(3, 15)], nil], part: [[]])
        let server = try LoopbackServer { pages.answer($0.target) }
        defer { server.stop() }
        let bench = try Self.bench(server)
        defer { bench.shutDown() }
        #expect(throws: CatalogError.self) { try bench.list(.voiceRecording).get() }
        #expect(try bench.catalog.lists.state(of: .voiceRecording).coverage.isEmpty)
        pages.whole.withLock { $0[2] = [(4, 12)] }
        try bench.list(.voiceRecording).get()
        #expect(Set(try bench.catalog.listed()) == (try Self.sids(1, 2, 3, 4)))
    }

    @Test("A complete list whose order changes is fetched anew, and is trusted again after a pass in order")
    func later() throws {
        let pages = Pages([[(1, 20), (2, 10)], [(3, 5)]], part: [[]])
        let server = try LoopbackServer { pages.answer($0.target) }
        defer { server.stop() }
        let bench = try Self.bench(server)
        defer { bench.shutDown() }
        try bench.list(.voiceRecording).get()
        func state() throws -> (isUnordered: Bool, isWhole: Bool) {
            let state = try bench.catalog.lists.state(of: .voiceRecording)
            return (state.isUnordered, state.coverage == .everything)
        }
        #expect(try state() == (false, true))
        pages.whole.withLock { $0 = [[(2, 10), (1, 20)], [(4, 15), (3, 5)]] }
        try bench.synchronizer.start()
        #expect(try eventually { try state() == (true, true) })
        #expect(try eventually { Set(try bench.catalog.listed()) == (try Self.sids(1, 2, 3, 4)) })
        pages.whole.withLock { $0 = [[(1, 20), (4, 15)], [(2, 10), (3, 5)]] }
        #expect(try eventually { try state() == (false, true) })
        #expect(bench.synchronizer.isComplete(.voiceRecording))
    }

    @Test("Coverage that relies on the order isn't stored of a list that another fetch has found to be without")
    func concurrent() throws {
        let catalog = try CatalogFolder().catalog()
        let (lists, calls, epoch) = (catalog.lists, catalog.calls, catalog.epoch)
        func store(assumesOrder: Bool) throws(CatalogError) {
            try lists.store(
                [], covering: [10..<20], of: .voiceRecording, assumesOrder: assumesOrder, now: 0, epoch: epoch)
        }
        func storeCalls(assumesOrder: Bool) throws(CatalogError) {
            try calls.store([], covering: [10..<20], assumesOrder: assumesOrder, keepingAllSince: 0, epoch: epoch)
        }
        try store(assumesOrder: true)
        try storeCalls(assumesOrder: true)
        try lists.forgetOrder(of: .voiceRecording, epoch: epoch)
        #expect(try lists.state(of: .voiceRecording).coverage == .none)
        #expect(try calls.coverage() == Coverage([10..<20]), "calls are another list")
        #expect(throws: CatalogError.self) { try store(assumesOrder: true) }
        #expect(try lists.state(of: .voiceRecording).coverage == .none)
        try store(assumesOrder: false)
        #expect(try lists.state(of: .voiceRecording).coverage == Coverage([10..<20]))
        try calls.forgetOrder(epoch: epoch)
        #expect(try calls.coverage() == .none)
        let error = #expect(throws: CatalogError.self) { try storeCalls(assumesOrder: true) }
        #expect(error?.isDisorder == true)
        #expect(try calls.isUnordered())
    }
}
