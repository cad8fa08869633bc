import Testing

@testable import Catalog

@Suite("The progress of a list")
struct ListProgressTests {
    private typealias Progress = ListProgress<Int>

    private static let failure = CatalogError(.incompleteList, "the page failed")

    @Test("the first to ask begins a pass, and all who ask before its end are told then")
    func success() {
        var progress = Progress()
        #expect(progress.status == .waiting)
        #expect(progress.request(1) == .startPass)
        #expect(progress.status == .syncing)
        #expect(progress.request(2) == .wait)
        #expect(progress.request(3) == .wait)
        #expect(progress.finish(.success(())) == [1, 2, 3])
        #expect(progress.status == .complete)
        #expect(progress.request(4) == .complete)
        #expect(progress.finish(.success(())) == [])
        #expect(progress.finish(.failure(Self.failure)) == [])
        #expect(progress.status == .complete)
    }

    @Test("a failure is told to those who waited, and the next who asks begins anew")
    func failed() {
        var progress = Progress()
        #expect(progress.request(1) == .startPass)
        #expect(progress.finish(.failure(Self.failure)) == [1])
        #expect(progress.status == .failed("the page failed"))
        #expect(progress.finish(.success(())) == [])
        #expect(progress.status == .failed("the page failed"))
        #expect(progress.request(2) == .startPass)
        #expect(progress.status == .syncing)
        #expect(progress.finish(.success(())) == [2])
        #expect(progress.status == .complete)
    }

    @Test("the mount's own pass begins only when none has")
    func started() {
        var idle = Progress()
        let first = idle.start()
        let second = idle.start()
        #expect(first)
        #expect(!second)
        #expect(idle.request(1) == .wait)
        #expect(idle.finish(.success(())) == [1])
        let third = idle.start()
        #expect(!third)
        var failed = Progress()
        #expect(failed.request(1) == .startPass)
        #expect(failed.finish(.failure(Self.failure)) == [1])
        let fourth = failed.start()
        #expect(!fourth)
    }

    @Test("nothing that never began can end")
    func idle() {
        var progress = Progress()
        #expect(progress.finish(.success(())) == [])
        #expect(progress.status == .waiting)
    }
}
