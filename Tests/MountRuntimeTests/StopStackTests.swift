import Support
import TestSupport
import Testing

@testable import MountRuntime

@Suite("Stopping what was started", .orderly)
struct StopStackTests {
    private let stopped = Locked<[String]>([])
    private let stack = StopStack()

    private func push(_ name: String) {
        stack.push { [stopped] in stopped.withLock { $0.append(name) } }
    }

    private var names: [String] { stopped.withLock { $0 } }

    @Test("The part that was added last stops first")
    func reverseOrder() {
        push("transfers")
        push("library")
        stack.stop()
        #expect(names == ["library", "transfers"])
    }

    @Test("A part that all others use stops after them, whenever it was added")
    func bottom() {
        push("transfers")
        stack.pushToBottom { [stopped] in stopped.withLock { $0.append("session") } }
        push("library")
        stack.stop()
        #expect(names == ["library", "transfers", "session"])
    }

    @Test("Each part stops once, however often the stack is stopped")
    func once() {
        push("library")
        stack.stop()
        stack.stop()
        #expect(names == ["library"])
    }

    @Test("A part that is added while another stops is stopped too")
    func addedMeanwhile() {
        stack.push { [stack, stopped] in
            stopped.withLock { $0.append("library") }
            stack.push { stopped.withLock { $0.append("late") } }
        }
        stack.stop()
        #expect(names == ["library", "late"])
    }
}
