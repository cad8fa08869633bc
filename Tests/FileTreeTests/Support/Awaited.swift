import Testing
import Threading

/// Collects what completions are called with, for a test that waits for them.
final class Awaited<Value: Sendable>: Sendable {
    private let values = Condition<[Value]>([])

    func add(_ value: Value) {
        values.change { $0.append(value) }
    }

    /// What has come so far.
    var all: [Value] { values.change { $0 } }

    /// Waits for the first so many.
    func values(_ count: Int, within timeout: Duration = .seconds(20)) throws -> [Value] {
        try #require(values.wait(timeout: timeout) { $0.count >= count ? $0 : nil }, "a completion was not called")
    }

    func value(within timeout: Duration = .seconds(20)) throws -> Value {
        try values(1, within: timeout)[0]
    }
}
