import Catalog
import Support
import Testing
import TestSupport

@testable import Sync

@Suite("The schedule of a list", .orderly)
struct SyncScheduleTests {
    private typealias State = SyncSchedule<Int>

    private static let failure = CatalogError(.incompleteList, "the page failed")
    private static let day: Int64 = 86_400

    /// The time at which tests begin, in seconds.
    private static let now: Int64 = 1_790_000_000
    private let instant = ContinuousClock.now

    private func state(
        isComplete: Bool, refreshed: Int64? = nil, passed: Int64? = nil, interval: Int64? = 60
    ) -> State {
        State(
            isComplete: isComplete, refreshed: refreshed, passed: passed, refreshInterval: interval,
            passInterval: Self.day)
    }

    private func request(_ state: inout State, _ waiter: Int, _ now: Int64 = now) -> State.Answer {
        state.request(waiter, now: now, instant: instant, patience: .seconds(3))
    }

    @Test("A failure names its list no second time")
    func namedOnce() {
        let list = "the list of compositions"
        for (message, told) in [
            ("\(list) could not be fetched: x can't be reached", "x can't be reached"),
            ("x failed to send \(list) (status 503)", "x failed to send it (status 503)"),
            ("its pages have no end", "its pages have no end"),
        ] {
            let failure = ListFailure(CatalogError(.incompleteList, message), list: list)
            #expect(failure.explanation == told && !failure.isCancellation)
        }
    }

    @Test("An incomplete list is filled by the first who asks, and all who ask meanwhile are told at the end")
    func fill() {
        var state = state(isComplete: false)
        #expect(request(&state, 1) == .start(.fill))
        #expect(request(&state, 2) == .wait)
        #expect(state.expire(instant + .seconds(1000)) == [])
        #expect(state.finish(.fill, .success(()), begun: Self.now, now: Self.now + 9) == [1, 2])
        #expect(state.isComplete)
        #expect(state.failure == nil)
    }

    @Test(
        "A fill that fails is told to those who waited; the next who asks begins anew, and it is tried again after a while"
    )
    func failedFill() {
        var state = state(isComplete: false)
        #expect(request(&state, 1) == .start(.fill))
        #expect(state.finish(.fill, .failure(Self.failure), begun: Self.now, now: Self.now) == [1])
        #expect(!state.isComplete)
        #expect(state.failure?.message == "the page failed")
        #expect(state.due(now: Self.now + 30, idle: 0) == [])
        #expect(request(&state, 2, Self.now + 30) == .start(.fill))
        #expect(state.finish(.fill, .failure(Self.failure), begun: Self.now, now: Self.now + 40) == [2])
        #expect(state.due(now: Self.now + 100, idle: 0) == [.fill])
        #expect(state.due(now: Self.now + 1000, idle: 0) == [])
        #expect(state.finish(.fill, .success(()), begun: Self.now, now: Self.now + 1000) == [])
        #expect(state.failure == nil)
    }

    @Test("A complete list that is fresh is told at once")
    func fresh() {
        var state = state(isComplete: true, refreshed: Self.now - 59, passed: Self.now)
        #expect(request(&state, 1) == .ready)
        #expect(state.due(now: Self.now, idle: 0) == [])
    }

    @Test("Who asks for one that isn't fresh waits for a refresh, but not for long")
    func patience() {
        var state = state(isComplete: true, refreshed: Self.now - 60, passed: Self.now)
        #expect(request(&state, 1) == .start(.refresh))
        #expect(request(&state, 2) == .wait)
        #expect(state.nextExpiry == instant + .seconds(3))
        #expect(state.expire(instant + .seconds(2)) == [])
        #expect(state.expire(instant + .seconds(3)) == [1, 2])
        #expect(state.nextExpiry == nil)
        #expect(request(&state, 3) == .wait)
        #expect(state.finish(.refresh, .success(()), begun: Self.now, now: Self.now + 5) == [3])
        #expect(request(&state, 4, Self.now + 5) == .ready)
        #expect(state.refreshed == Self.now)
    }

    @Test("While refreshes fail, a complete list is told without waiting each time")
    func failingRefresh() {
        var state = state(isComplete: true, refreshed: nil, passed: Self.now)
        #expect(request(&state, 1) == .start(.refresh))
        #expect(state.finish(.refresh, .failure(Self.failure), begun: Self.now, now: Self.now + 45) == [1])
        #expect(state.failure != nil)
        #expect(request(&state, 2, Self.now + 60) == .ready)
        #expect(request(&state, 3, Self.now + 105) == .start(.refresh))
        #expect(state.finish(.refresh, .success(()), begun: Self.now + 105, now: Self.now + 106) == [3])
        #expect(state.failure == nil)
    }

    @Test(
        "Refreshes come as often as asked while the mount is used, rarely after, and never when nobody looks",
        arguments: [(0, 60), (299, 60), (300, 600), (3599, 600), (3600, nil), (90_000, nil)] as [(Int64, Int64?)])
    func idle(idle: Int64, interval: Int64?) {
        var state = state(isComplete: true, refreshed: Self.now, passed: Self.now)
        if let interval {
            #expect(state.due(now: Self.now + interval - 1, idle: idle) == [])
            #expect(state.due(now: Self.now + interval, idle: idle) == [.refresh])
        } else {
            #expect(state.due(now: Self.now + 80_000, idle: idle) == [])
            // Somebody looks again.
            #expect(state.due(now: Self.now + 80_000, idle: 0) == [.refresh])
        }
    }

    @Test(
        "Without an interval there is one refresh, after mounting, whenever an earlier mount made one",
        arguments: [nil, 1, 100_000] as [Int64?])
    func once(sinceRefresh: Int64?) {
        let before = sinceRefresh.map { Self.now - $0 }
        var state = state(isComplete: true, refreshed: before, passed: Self.now, interval: nil)
        #expect(state.due(now: Self.now, idle: 0) == [.refresh])
        #expect(request(&state, 1) == .wait, "who asks meanwhile waits for it")
        #expect(state.finish(.refresh, .failure(Self.failure), begun: Self.now, now: Self.now) == [1])
        #expect(state.due(now: Self.now + 59, idle: 0) == [])
        #expect(state.due(now: Self.now + 60, idle: 0) == [.refresh])
        #expect(state.finish(.refresh, .success(()), begun: Self.now + 60, now: Self.now + 60) == [])
        #expect(state.due(now: Self.now + Self.day - 1, idle: 0) == [])
        #expect(request(&state, 2, Self.now + Self.day) == .ready)
    }

    @Test("A list that was just filled needs no refresh without an interval")
    func onceFilled() {
        var state = state(isComplete: false, interval: nil)
        #expect(request(&state, 1) == .start(.fill))
        #expect(
            state.finish(.fill, .success(()), begun: Self.now, isWholeList: true, now: Self.now + 9) == [1])
        #expect(request(&state, 1, Self.now + 9) == .ready)
        #expect(state.due(now: Self.now + 9, idle: 0) == [])
    }

    @Test("A fill that the catalog couldn't note is neither a refresh nor a pass")
    func fillNotNoted() {
        var state = state(isComplete: false)
        #expect(request(&state, 1) == .start(.fill))
        #expect(
            state.finish(.fill, .failure(Self.failure), begun: Self.now, isWholeList: true, now: Self.now + 9) == [1])
        #expect(!state.isComplete && state.refreshed == nil && state.passed == nil)
        #expect(request(&state, 2, Self.now + 10) == .start(.fill))
        #expect(state.finish(.fill, .success(()), begun: Self.now + 10, now: Self.now + 11) == [2])
        #expect(state.due(now: Self.now + 11, idle: 0) == [.refresh, .pass])
    }

    @Test("Times that are still to come keep nothing from being done", arguments: [60, nil] as [Int64?])
    func clockSetBack(interval: Int64?) {
        let later = Self.now + 365 * Self.day
        var state = state(isComplete: true, refreshed: later, passed: later, interval: interval)
        #expect(state.due(now: Self.now, idle: 0) == [.refresh, .pass])
        #expect(state.finish(.refresh, .failure(Self.failure), begun: later, now: later) == [])
        #expect(state.finish(.pass, .failure(Self.failure), begun: later, now: later) == [])
        #expect(state.due(now: Self.now, idle: 0) == [.refresh, .pass])
        #expect(state.finish(.refresh, .success(()), begun: Self.now, now: Self.now + 1) == [])
        #expect(state.finish(.pass, .success(()), begun: Self.now, now: Self.now + 1) == [])
        #expect(state.due(now: Self.now + 2, idle: 0) == [])
        #expect(state.refreshed == Self.now && state.passed == Self.now)
    }

    @Test("A pass over all of it is due a day after the last, and doesn't keep refreshes from being made")
    func pass() {
        var state = state(isComplete: true, refreshed: Self.now, passed: Self.now - Self.day)
        #expect(state.due(now: Self.now, idle: 0) == [.pass])
        #expect(state.due(now: Self.now + 60, idle: 0) == [.refresh])
        #expect(state.finish(.refresh, .success(()), begun: Self.now + 60, now: Self.now + 61) == [])
        #expect(state.finish(.pass, .failure(Self.failure), begun: Self.now, now: Self.now + 61) == [])
        #expect(state.failure == nil)
        #expect(state.passed == Self.now - Self.day, "nothing was gone over")
        #expect(state.due(now: Self.now + 110, idle: 0) == [])
        #expect(state.due(now: Self.now + 121, idle: 0).contains(.pass))
        #expect(state.finish(.pass, .success(()), begun: Self.now + 121, now: Self.now + 200) == [])
        #expect(state.passed == Self.now + 121)
    }

    @Test("A catalog that lost everything is filled again")
    func lost() {
        var state = state(isComplete: true, refreshed: Self.now, passed: Self.now)
        #expect(request(&state, 1) == .ready)
        state.reset()
        #expect(request(&state, 2) == .start(.fill))
    }

    @Test("What was under way when the catalog lost everything doesn't make the list whole")
    func resetMeanwhile() {
        var state = state(isComplete: false)
        #expect(request(&state, 1) == .start(.fill))
        state.reset()
        #expect(state.finish(.fill, .success(()), begun: Self.now, now: Self.now + 9) == [1])
        #expect(!state.isComplete)
        #expect(request(&state, 1) == .start(.fill))
        #expect(state.finish(.fill, .success(()), begun: Self.now, now: Self.now + 9) == [1])
        #expect(state.isComplete)
    }

    @Test("What failed when the catalog lost everything says nothing of the next one")
    func failureMeanwhile() {
        var state = state(isComplete: true, refreshed: Self.now - 60, passed: Self.now)
        #expect(request(&state, 1) == .start(.refresh))
        state.reset()
        let error = CatalogError(.database, "the catalog was rebuilt meanwhile")
        #expect(state.discounted == [.refresh])
        #expect(state.finish(.refresh, .failure(error), begun: Self.now, now: Self.now + 9) == [1])
        #expect(state.failure == nil && state.discounted.isEmpty)
        #expect(state.due(now: Self.now + 10, idle: 0) == [.fill])
        // A refusal is of the credentials, whatever happens to the catalog.
        state.reset()
        #expect(state.finish(.fill, .failure(Self.refusal), begun: Self.now, now: Self.now + 11) == [])
        #expect(state.refusal?.message == Self.refusal.message && state.isRefusalInForce(now: Self.now + 12))
    }

    // MARK: Refusals

    private static let refusal = CatalogError(.refusedList, "the list is refused")

    @Test(
        "A refused list is told at once until the interval is over, and asked for once then", arguments: [true, false])
    func refused(isComplete: Bool) {
        var state = state(isComplete: isComplete, refreshed: Self.now - 60, passed: Self.now - 2 * Self.day)
        let task: SyncTask = isComplete ? .refresh : .fill
        #expect(request(&state, 1) == .start(task))
        #expect(state.finish(task, .failure(Self.refusal), begun: Self.now, now: Self.now) == [1])
        #expect(state.refusal?.message == "the list is refused")
        for second in 0..<60 { #expect(request(&state, 2, Self.now + Int64(second)) == .refused) }
        #expect(state.due(now: Self.now + 59, idle: 0) == [], "nor is a pass made")
        #expect(request(&state, 3, Self.now + 60) == .start(task))
        #expect(state.finish(task, .failure(Self.refusal), begun: Self.now + 60, now: Self.now + 60) == [3])
        #expect(state.due(now: Self.now + 120, idle: 0) == [task])
        #expect(request(&state, 4, Self.now + 120) == .wait)
        #expect(state.finish(task, .success(()), begun: Self.now + 120, now: Self.now + 121) == [4])
        #expect(state.refusal == nil && state.failure == nil && state.isComplete)
        #expect(request(&state, 5, Self.now + 121) != .refused)
    }

    @Test("A refusal lasts until Twilio has sent something of the list, whatever else fails meanwhile")
    func refusedAndUnreachable() {
        var state = state(isComplete: true, refreshed: Self.now - 60, passed: Self.now)
        #expect(request(&state, 1) == .start(.refresh))
        #expect(state.finish(.refresh, .failure(Self.refusal), begun: Self.now, now: Self.now) == [1])
        #expect(state.due(now: Self.now + 60, idle: 0) == [.refresh])
        #expect(state.finish(.refresh, .failure(Self.failure), begun: Self.now + 60, now: Self.now + 61) == [])
        #expect(state.refusal != nil)
        #expect(request(&state, 2, Self.now + 100) == .refused)
        state.noteAccess()
        #expect(state.refusal == nil)
        #expect(request(&state, 3, Self.now + 100) == .start(.refresh))
    }

    @Test("With other credentials, a refused list is asked for at once, and stays refused until Twilio has sent it")
    func refusedBefore() {
        var state = state(isComplete: true, refreshed: Self.now - 60, passed: Self.now)
        #expect(request(&state, 1) == .start(.refresh))
        #expect(state.finish(.refresh, .failure(Self.refusal), begun: Self.now, now: Self.now) == [1])
        #expect(request(&state, 2, Self.now + 1) == .refused)
        state.credentialsDidChange()
        #expect(state.refusal != nil)
        #expect(request(&state, 3, Self.now + 1) == .start(.refresh))
        #expect(state.finish(.refresh, .success(()), begun: Self.now + 1, now: Self.now + 2) == [3])
        #expect(state.refusal == nil)
    }

    @Test("What began with former credentials refuses nothing to the new ones")
    func refusedMeanwhile() {
        var state = state(isComplete: true, refreshed: Self.now - 60, passed: Self.now)
        #expect(request(&state, 1, Self.now) == .start(.refresh))
        state.credentialsDidChange()
        #expect(state.finish(.refresh, .failure(Self.refusal), begun: Self.now, now: Self.now) == [1])
        #expect(state.refusal != nil && state.refusalOfCredentials == nil)
        #expect(request(&state, 2, Self.now) == .start(.refresh))
        #expect(state.finish(.refresh, .failure(Self.refusal), begun: Self.now, now: Self.now) == [2])
        #expect(state.refusalOfCredentials != nil)
        #expect(request(&state, 3, Self.now) == .refused)
    }

    @Test("A part that was requested with former credentials refuses nothing to the new ones, either")
    func refusedPart() {
        var state = state(isComplete: false, refreshed: nil, passed: nil)
        let former = state.credentials
        let begun = state.beginPart(now: Self.now)
        #expect(begun)
        state.credentialsDidChange()
        state.noteRefusal(Self.refusal, of: former, now: Self.now)
        #expect(state.refusal != nil && state.refusalOfCredentials == nil)
        let each = (0..<2).map { _ in state.beginPart(now: Self.now) }
        #expect(each == [true, true], "with the new ones")
        state.noteRefusal(Self.refusal, of: state.credentials, now: Self.now)
        let later = [0, 60, 60].map { state.beginPart(now: Self.now + $0) }
        #expect(later == [false, true, false])
    }

    @Test("A pass that is refused refuses the list, also without an interval; it is asked for again")
    func refusedPass() {
        for interval in [60, nil] as [Int64?] {
            var state = state(isComplete: true, refreshed: Self.now, passed: nil, interval: interval)
            if interval == nil {
                #expect(request(&state, 0) == .start(.refresh))
                #expect(state.finish(.refresh, .success(()), begun: Self.now, now: Self.now) == [0])
            }
            #expect(state.due(now: Self.now, idle: 0) == [.pass])
            #expect(state.finish(.pass, .failure(Self.refusal), begun: Self.now, now: Self.now + 30) == [])
            #expect(request(&state, 1, Self.now + 89) == .refused)
            #expect(state.due(now: Self.now + 89, idle: 0) == [])
            #expect(state.due(now: Self.now + 90, idle: 0) == [.refresh])
            #expect(state.finish(.refresh, .success(()), begun: Self.now + 90, now: Self.now + 90) == [])
            #expect(request(&state, 2, Self.now + 90) == .ready)
        }
    }

    @Test("A refused list is asked for as rarely as any other when nobody looks")
    func refusedAndIdle() {
        var state = state(isComplete: true, refreshed: Self.now - 60, passed: Self.now)
        #expect(state.due(now: Self.now, idle: 0) == [.refresh])
        #expect(state.finish(.refresh, .failure(Self.refusal), begun: Self.now, now: Self.now) == [])
        #expect(state.due(now: Self.now + 599, idle: 300) == [])
        #expect(state.due(now: Self.now + 600, idle: 3600) == [])
        #expect(state.due(now: Self.now + 600, idle: 300) == [.refresh])
    }

    @Test("A catalog that lost everything is asked for anew, refused or not")
    func refusedAndLost() {
        var state = state(isComplete: true, refreshed: Self.now - 60, passed: Self.now)
        #expect(request(&state, 1) == .start(.refresh))
        #expect(state.finish(.refresh, .failure(Self.refusal), begun: Self.now, now: Self.now) == [1])
        state.reset()
        #expect(request(&state, 2) == .start(.fill))
    }
}
