import Support
import TestSupport
import Testing

@testable import Readability

@Suite("Listings that wait for a survey", .orderly)
struct ListingWaitersTests {
    /// Adds a listing; the returned value is true once it goes on.
    private static func add(_ waiters: ListingWaiters, account: Int = 0) -> (isWaiting: Bool, goesOn: Locked<Bool>) {
        let goesOn = Locked(false)
        let isWaiting = waiters.add(account: account) { goesOn.withLock { $0 = true } }
        return (isWaiting, goesOn)
    }

    @Test("One that was there when a survey of its account began goes on when it ends")
    func served() {
        let waiters = ListingWaiters(patience: .seconds(3600))
        let (early, other) = (Self.add(waiters), Self.add(waiters, account: 1))
        #expect(early.isWaiting && other.isWaiting)
        waiters.surveyWillBegin(0)
        let late = Self.add(waiters)
        #expect(!early.goesOn.withLock { $0 })
        waiters.surveyDidEnd(0)
        #expect(early.goesOn.withLock { $0 })
        #expect(!late.goesOn.withLock { $0 } && !other.goesOn.withLock { $0 })
        waiters.surveyWillBegin(0)
        waiters.surveyDidEnd(0)
        #expect(late.goesOn.withLock { $0 } && !other.goesOn.withLock { $0 })
    }

    @Test("One has a survey begin at once, and once only")
    func wish() {
        let waiters = ListingWaiters(patience: .seconds(3600))
        _ = Self.add(waiters)
        let start = ContinuousClock.now
        #expect(waiters.waitForListing(atMost: .seconds(3600)))
        #expect(ContinuousClock.now - start < .seconds(600))
        #expect(waiters.waitForListing(atMost: .milliseconds(50)))
        #expect(ContinuousClock.now - start >= .milliseconds(50))
    }

    @Test("All of an account share one deadline, after which none waits until the survey has ended")
    func deadline() throws {
        let waiters = ListingWaiters(patience: .milliseconds(100))
        waiters.surveyWillBegin(0)
        let first = Self.add(waiters)
        waiters.releaseOverdue()
        try wait(until: "the deadline has passed") {
            waiters.releaseOverdue()
            return first.goesOn.withLock { $0 }
        }
        #expect(!Self.add(waiters).isWaiting)
        #expect(Self.add(waiters, account: 1).isWaiting)
        waiters.surveyDidEnd(0)
        #expect(Self.add(waiters).isWaiting)
    }

    @Test("All go on at the end, and none waits from then on")
    func end() {
        let waiters = ListingWaiters(patience: .seconds(3600))
        let listings = [Self.add(waiters), Self.add(waiters, account: 1)]
        waiters.shutDown()
        for listing in listings { #expect(listing.goesOn.withLock { $0 }) }
        #expect(!Self.add(waiters).isWaiting)
        #expect(!waiters.waitForListing(atMost: .seconds(3600)))
        #expect(waiters.isShutDown)
    }
}
