import Support
import Testing

/// Collects what completions are called with, for a test that waits for them.
public final class Awaited<Value: Sendable>: Sendable {
    private let values = Condition<[Value]>([])

    /// Starts with nothing.
    public init() {}

    /// Takes what a completion was called with.
    public func add(_ value: Value) {
        values.change { $0.append(value) }
    }

    /// What has come so far.
    public var all: [Value] { values.change { $0 } }

    /// Waits for the first so many.
    ///
    /// - Parameter timeout: far more than it takes; as many times longer as `TEST_PATIENCE` says.
    public func values(_ count: Int, within timeout: Duration = .seconds(20)) throws -> [Value] {
        let found = values.wait(timeout: timeout * TestPatience.factor) { $0.count >= count ? $0 : nil }
        return try #require(found, "a completion was not called")
    }

    /// Waits for the first.
    public func value(within timeout: Duration = .seconds(20)) throws -> Value {
        try values(1, within: timeout)[0]
    }
}
