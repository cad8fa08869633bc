import Logging
import ModuleTestSupport
import Support
import TestSupport
import Testing
import TwilioAPI

@testable import Media
@testable import Transfer

@Suite("A disk that hangs", .orderly)
struct DiskAccessTests {
    /// A cache that announces units and hangs when it is asked for anything that a test has told, until it may go on.
    private final class HangingCache: BlockCache {
        private let isHanging = Condition(false)
        let hangsAtUnits = Locked(false)
        private let cache = FakeCache()
        let reads = Locked(0)

        func hang() { isHanging.change { $0 = true } }
        func goOn() { isHanging.change { $0 = false } }
        private func waitIfHanging() { isHanging.waitUntil { !$0 } }

        func units(of content: CachedContent) -> Set<Int> {
            if hangsAtUnits.withLock({ $0 }) { waitIfHanging() }
            return [0, 1, 2]
        }

        func readUnit(_ index: Int, of content: CachedContent, into buffers: [UnsafeMutableRawBufferPointer]) -> Bool {
            reads.withLock { $0 += 1 }
            waitIfHanging()
            for buffer in buffers { buffer.initializeMemory(as: UInt8.self, repeating: 7) }
            return false
        }

        func storeUnit(_ index: Int, of content: CachedContent, from buffers: [UnsafeRawBufferPointer]) {}
        func removeUnits(ofRecording sid: String) {}
    }

    @Test(
        "Reads come from the network after some seconds, later ones at once, and unmounting waits for nothing",
        arguments: [true, false])
    func hanging(atUnits: Bool) throws {
        let cache = HangingCache()
        cache.hangsAtUnits.withLock { $0 = atUnits }
        cache.hang()
        let bench = try LibraryBench(.track, size: 2_500_000, diskCache: cache)
        let resource = try bench.resource()
        let facts = try bench.describe(resource)
        let reader = try bench.open(resource, facts: facts)
        #expect(try areSame(bench.readAll(reader), bench.original))
        #expect(bench.library.services.disk.isHung)
        let count = cache.reads.withLock { $0 }
        let again = try bench.open(resource, facts: facts)
        #expect(try areSame(bench.readAll(again), bench.original))
        #expect(cache.reads.withLock { $0 } == count, "it isn't asked while it hangs")
        bench.shutDown()
        cache.goOn()
        #expect(eventually { !bench.library.services.disk.isHung })
    }

    @Test(
        "What is given up counts for nothing when it ends, is forgotten before it begins, and tells of both in the log")
    func deadline() throws {
        let clock = Locked(ContinuousClock.now)
        let pool = WorkerPool()
        let access = DiskAccess(workers: pool, now: { clock.withLock(\.self) }, logger: .silent)
        let results = Locked<[String]>([])
        @Sendable func run(_ name: String, _ body: @escaping @Sendable () -> Void = {}) {
            access.run {
                body()
                return name
            } completion: { value in
                results.withLock { $0.append(value ?? "no \(name)") }
            }
        }
        run("first") {
            // Time passes while it is under way.
            clock.withLock { $0 += DiskAccess.patience }
            access.giveUpOverdue()
            #expect(access.isHung)
            run("third")
        }
        run("second")
        pool.runNext()
        #expect(Set(results.withLock { $0 }) == ["no first", "no second", "no third"] && !access.isHung)
        pool.runNext()
        run("fourth")
        clock.withLock { $0 += DiskAccess.patience - .seconds(1) }
        access.giveUpOverdue()
        pool.runNext()
        #expect(results.withLock { $0.count == 4 && $0.last == "fourth" })
    }
}
