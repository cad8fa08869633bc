import TestSupport
import Testing

@testable import Media

@Suite("The integrity gate", .orderly)
struct IntegrityGateTests {
    private static let now = ContinuousClock.now
    private static let wait = Duration.seconds(10)

    /// - Returns: the pass of the trial that follows; nil when the content is condemned.
    private static func fail(
        _ gate: inout IntegrityGate<Int>, at time: Duration = .zero
    ) -> IntegrityGate<Int>.Pass? {
        gate.fail(firstWait: wait, now: now + time)
    }

    /// A gate whose content was declared bad at ``now``.
    private static func condemned() -> IntegrityGate<Int> {
        var gate = IntegrityGate<Int>(earlier: nil)
        _ = fail(&gate)
        _ = fail(&gate)
        return gate
    }

    @Test("The first held read begins a pass, and the reads come out once, when it ends")
    func held() throws {
        var gate = IntegrityGate<Int>(earlier: nil)
        #expect(!gate.isAwaited)
        let begun = gate.hold(1)
        let pass = try #require(begun)
        #expect(gate.hold(2) == nil)
        #expect(gate.isAwaited && gate.isUnderWay(pass))
        #expect(gate.endPass(pass) == [1, 2])
        #expect(gate.endPass(pass) == [])
        #expect(gate.hold(3) != nil, "the next read begins another pass")
        #expect(gate.takeHeld() == [3])
        #expect(gate.hold(4) == nil, "reads are taken out while the pass goes on")
    }

    @Test("A pass that nobody waits for isn't begun twice")
    func pass() throws {
        var gate = IntegrityGate<Int>(earlier: nil)
        let begun = gate.beginPass()
        let pass = try #require(begun)
        #expect(gate.beginPass() == nil)
        #expect(gate.hold(1) == nil)
        #expect(gate.endPass(pass) == [1])
        #expect(gate.beginPass() != nil)
    }

    @Test("What ends a pass that was abandoned, or that another trial has followed, takes no reads from the next one")
    func stale() throws {
        var gate = IntegrityGate<Int>(earlier: nil)
        let earlier = gate.beginPass()
        let abandoned = try #require(earlier)
        gate.abandonPass()
        let next = gate.hold(1)
        let first = try #require(next)
        #expect(!gate.isUnderWay(abandoned) && gate.endPass(abandoned) == [])
        let following = Self.fail(&gate)
        let second = try #require(following)
        #expect(!gate.isUnderWay(first) && gate.endPass(first) == [])
        #expect(gate.endPass(second) == [1])
    }

    @Test("Content that fails is tried again and counts as failed meanwhile; once it passes it counts as verified")
    func transient() {
        var gate = IntegrityGate<Int>(earlier: nil)
        #expect(gate.integrityOfUnverified == .unverified)
        #expect(Self.fail(&gate) != nil)
        #expect(gate.trial == .again)
        #expect(gate.integrityOfUnverified == .failed)
        #expect(gate.beginPass() == nil, "the pass of the second trial is under way")
        #expect(gate.pass() == true)
        #expect(gate.trial == .first)
        #expect(gate.earlier == .verified)
        #expect(gate.pass() == false, "it has passed before")
    }

    @Test("Content that fails twice is condemned, whatever was known of it, and nothing is due before the wait is over")
    func condemnation() {
        var gate = Self.condemned()
        #expect(gate.trial == .condemned)
        #expect(gate.integrityOfUnverified == .failed)
        #expect(gate.beginPass() != nil, "no pass is under way")
        #expect(!gate.isDueForRetrial(now: Self.now + .seconds(9)))
        #expect(gate.isDueForRetrial(now: Self.now + .seconds(10)))
        #expect(!IntegrityGate<Int>(earlier: .failed).isDueForRetrial(now: Self.now + .seconds(999)))
    }

    @Test(
        "A retrial is strict in each mode, one failure condemns the content again, and the waits double"
    )
    func retrials() {
        var gate = Self.condemned()
        var time = Duration.zero
        for wait in [10, 20, 40, 80, 160, 320, 640, 900, 900] {
            #expect(!gate.isDueForRetrial(now: Self.now + time + .seconds(wait - 1)))
            time += .seconds(wait)
            #expect(gate.isDueForRetrial(now: Self.now + time))
            gate.beginRetrial()
            #expect(!gate.isDueForRetrial(now: Self.now + time + .seconds(9999)))
            #expect(gate.integrityOfUnverified == .failed)
            for mode in IntegrityMode.allCases { #expect(gate.isStrict(size: .max, mode: mode, limit: 0)) }
            #expect(Self.fail(&gate, at: time) == nil)
            #expect(gate.trial == .condemned)
        }
        gate.beginRetrial()
        #expect(gate.pass() == true)
        #expect(Self.fail(&gate) != nil)
        #expect(Self.fail(&gate) == nil)
        #expect(gate.isDueForRetrial(now: Self.now + .seconds(10)), "after it has passed the waits begin anew")
    }

    @Test("What an earlier mount has found out counts until this process knows better, and not for other media")
    func earlier() {
        var gate = IntegrityGate<Int>(earlier: nil)
        gate.learn(.verified)
        gate.learn(.failed)
        #expect(gate.integrityOfUnverified == .verified)
        gate.forget()
        #expect(gate.integrityOfUnverified == .unverified)
        gate = Self.condemned()
        gate.forget()
        #expect(gate.trial == .first)
        #expect(!gate.isDueForRetrial(now: Self.now + .seconds(9999)))
    }

    @Test("Content is strict by its mode and size, unless it is known to be true, or false")
    func strictness() {
        func isStrict(_ mode: IntegrityMode, size: Int64, earlier: Integrity?) -> Bool {
            IntegrityGate<Int>(earlier: earlier).isStrict(size: size, mode: mode, limit: 100)
        }
        for earlier in [nil, Integrity.unverified, .verified] {
            #expect(isStrict(.strict, size: 101, earlier: earlier))
            #expect(!isStrict(.deferred, size: 1, earlier: earlier))
            #expect(isStrict(.automatic, size: 100, earlier: earlier) == (earlier != .verified))
            #expect(!isStrict(.automatic, size: 101, earlier: earlier))
        }
        for mode in IntegrityMode.allCases { #expect(isStrict(mode, size: 101, earlier: .failed)) }
    }

    @Test("A release is remembered until other content is opened")
    func released() {
        var gate = IntegrityGate<Int>(earlier: nil)
        #expect(!gate.wasReleased)
        gate.noteRelease()
        _ = Self.fail(&gate)
        #expect(gate.wasReleased)
        gate.contentDidOpen()
        #expect(!gate.wasReleased)
    }
}
