import FoundationEssentials
import Support
import TestSupport
import Testing

@testable import Transfer

@Suite("What a pause does to deadlines", .orderly)
struct PauseDecisionTests {
    private let start = SuspendingClock.now

    private func at(_ seconds: Double) -> SuspendingClock.Instant { start.advanced(by: .seconds(seconds)) }

    /// A download whose answer has begun, with 10 of its 1000 bytes, all at 0 s.
    private func machine() throws -> TransferStateMachine {
        let address = Address(url: try url("https://h.example/a"))
        var machine = TransferStateMachine(
            TransferPlan(DownloadRequest(patience: Patience(stall: .seconds(15), giveUp: .seconds(45)))),
            address: address, now: start)
        _ = machine.start(now: start)
        machine.exchangeStarted(now: start)
        machine.connected(now: start)
        #expect(!machine.isReceiving)
        _ = machine.headArrived(
            ResponseHead(status: 200, headers: HeaderFields([("Content-Length", "1000")]), address: address),
            retryAfter: nil, now: start)
        #expect(machine.isReceiving)
        #expect(machine.bodyArrived(count: 10, now: start).deliver == 0..<10)
        return machine
    }

    private func isRepeated(_ actions: [TransferAction]) -> Bool {
        if case .wait? = actions.last { true } else { false }
    }

    @Test("While it is paused, a transfer has no deadline, and time does nothing to it")
    func paused() throws {
        var machine = try machine()
        #expect(machine.deadline == at(15))
        machine.paused(now: at(1))
        #expect(machine.deadline == nil)
        #expect(machine.timeHasPassed(now: at(100_000)).isEmpty)
        #expect(!machine.cancel().isEmpty, "it hasn't ended")
    }

    @Test("After a pause, a stall takes as long as it would have taken without it")
    func resumed() throws {
        var machine = try machine()
        machine.paused(now: at(1))
        // What comes twice counts once.
        machine.paused(now: at(2))
        machine.resumed(now: at(5001))
        machine.resumed(now: at(5002))
        #expect(machine.deadline == at(5015))
        #expect(machine.timeHasPassed(now: at(5014)).isEmpty)
        let actions = machine.timeHasPassed(now: at(5015))
        guard case .wait(_, let error)? = actions.last else {
            Issue.record("\(actions)")
            return
        }
        #expect(error.code == .stalled)
    }

    @Test("A connection that breaks after a pause, or during it, is repeated: patience doesn't end meanwhile")
    func patience() throws {
        let broken = Result<Void, TransferError>.failure(TransferError(.connectionLost, "Simulated."))
        var never = try machine()
        let actions = never.exchangeEnded(broken, keptBody: [], now: at(5001))
        guard case .end(.failure(let error))? = actions.last else {
            Issue.record("\(actions)")
            return
        }
        #expect(error.code == .deadlineExceeded)
        var after = try machine()
        after.paused(now: at(1))
        after.resumed(now: at(5000))
        #expect(isRepeated(after.exchangeEnded(broken, keptBody: [], now: at(5001))))
        var during = try machine()
        during.paused(now: at(1))
        #expect(isRepeated(during.exchangeEnded(broken, keptBody: [], now: at(5001))))
        #expect(during.deadline != nil, "the pause has ended with the exchange")
    }

    @Test("A pause is only for an exchange: nothing else has one")
    func others() throws {
        var machine = TransferStateMachine(TransferPlan(DownloadRequest()), now: start)
        machine.paused(now: start)
        _ = machine.start(now: start)
        let deadline = machine.deadline
        machine.paused(now: at(1))
        machine.resumed(now: at(100))
        #expect(machine.deadline == deadline && deadline != nil)
    }
}
