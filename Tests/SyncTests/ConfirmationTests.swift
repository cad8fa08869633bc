import Catalog
import CatalogTestSupport
import Foundation
import Logging
import ModuleTestSupport
import Support
import TestSupport
import Testing
import Transfer
import TwilioAPI

@testable import Sync

@Suite("Recordings that a list lacks", .orderly)
struct ConfirmationTests {
    private static let kind = TwilioAPI.MediaKind.composition

    /// What a server answers to a request for a recording.
    private static let gone = LoopbackServer.Answer(
        status: 404, body: Array(#"{"code":20404,"message":"not found"}"#.utf8))
    private static let odd = LoopbackServer.Answer(status: 404, body: Array("<html>404</html>".utf8))

    private static func page(_ resources: ListedResource...) -> LoopbackServer.Answer {
        let texts = resources.map { String(decoding: $0.json, as: UTF8.self) }.joined(separator: ",")
        return LoopbackServer.Answer(
            body: Array(#"{"compositions":[\#(texts)],"meta":{"key":"compositions","next_page_url":null}}"#.utf8))
    }

    private static func isList(_ target: String) -> Bool { !target.hasPrefix("/v1/Compositions/") }

    private static func bench(_ server: LoopbackServer, _ logger: Logger = .silent) throws -> SyncBench {
        var settings = SyncSettings(refreshInterval: .seconds(3600))
        settings.passInterval = 1
        return try SyncBench(
            TestClient(url: server.url), window: CatalogWindow(kinds: [kind]), settings: settings, logger: logger)
    }

    @Test("One that can't be requested hinders no other, and is named in the log; each pass fetches the list")
    func single() throws {
        let (stuck, deleted) = (try Sample.sid(1, Self.kind), try Sample.sid(2, Self.kind))
        let shown = try Sample.resource(3, Self.kind)
        let lists = Locked(0)
        let server = try LoopbackServer { request in
            if request.target.contains("\(stuck)") { return Self.odd }
            if request.target.contains("\(deleted)") { return Self.gone }
            lists.withLock { $0 += 1 }
            return Self.page(shown)
        }
        defer { server.stop() }
        let log = RecordedLog(.debug)
        let bench = try Self.bench(server, log.logger)
        defer { bench.shutDown() }
        try bench.list(Self.kind).get()
        try bench.catalog.store([try Sample.resource(1, Self.kind), try Sample.resource(2, Self.kind)])
        try bench.synchronizer.start()
        #expect(try eventually { try bench.catalog.entry(of: deleted) == nil })
        #expect(eventually { log.lines.contains { $0.contains("1 of the compositions") && $0.contains("\(stuck)") } })
        #expect(try bench.catalog.entry(of: stuck) != nil)
        let count = lists.withLock { $0 }
        #expect(eventually { lists.withLock { $0 } > count + 2 }, "the next passes fetch the list")
    }

    @Test("If the list can't be requested either, all of it is tried again", arguments: [1, 40])
    func host(count: Int) throws {
        let sids = try (1...count).map { try Sample.sid($0, Self.kind) }
        let (isDown, asked) = (Locked(false), Locked(0))
        let server = try LoopbackServer { request in
            let isList = Self.isList(request.target)
            if !isList { asked.withLock { $0 += 1 } }
            return isDown.withLock { $0 } ? Self.odd : isList ? Self.page() : Self.gone
        }
        defer { server.stop() }
        let bench = try Self.bench(server)
        defer { bench.shutDown() }
        try bench.list(Self.kind).get()
        try bench.catalog.store(try (1...count).map { try Sample.resource($0, Self.kind) })
        isDown.withLock { $0 = true }
        let services = SyncServices(
            catalog: bench.catalog, client: bench.client, finder: bench.finder, settings: SyncSettings(),
            workers: bench.workers, logger: .silent)
        func confirm() throws -> Result<Void, CatalogError> {
            let results = Awaited<Result<Void, CatalogError>>()
            Confirmation(sids, of: Self.kind, isFrequent: false, services: services) { results.add($0) }.start()
            return try results.value()
        }
        let error = #expect(throws: CatalogError.self) { try confirm().get() }
        #expect(error?.code == .incompleteList)
        #expect(asked.withLock { $0 } <= 24, "a host that fails isn't asked for all of them")
        #expect(try bench.catalog.listed(Self.kind) == sids)
        isDown.withLock { $0 = false }
        try confirm().get()
        #expect(try bench.catalog.listed(Self.kind) == [])
    }

    @Test("One that turns out to be gone while a page with it is on its way doesn't come back")
    func gone() throws {
        let (sid, shown) = (try Sample.sid(1, Self.kind), try Sample.resource(1, Self.kind))
        let state = Condition((isListed: false, isGone: false))
        let server = try LoopbackServer { request in
            guard Self.isList(request.target) else { return Self.gone }
            state.change { $0.isListed = true }
            state.waitUntil { $0.isGone }
            return Self.page(shown)
        }
        defer { server.stop() }
        let bench = try Self.bench(server)
        defer { bench.shutDown() }
        let results = Awaited<Result<Void, CatalogError>>()
        bench.synchronizer.whenListed([Self.kind]) { results.add($0) }
        state.waitUntil { $0.isListed }
        let outcomes = Awaited<ResourceFinder.Outcome>()
        bench.finder.ask(for: sid, of: Self.kind, priority: .reader, isListReached: true) { outcomes.add($0) }
        #expect(try outcomes.value().get() == nil)
        state.change { $0.isGone = true }
        try results.value().get()
        #expect(try bench.catalog.listed(Self.kind) == [])
    }
}
