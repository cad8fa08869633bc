public import Testing

/// Runs a suite's tests one after the other, on threads that may block, beside a few other suites, and within a time
/// limit.
///
/// Swift Testing starts all tests at once, on a thread per core. Tests that block keep these threads, all others wait
/// behind them, and the time reported for each is that of the whole run. With this trait, which every suite has
/// (`scripts/lint`), a test starts when it runs: its time is its own, and a hang has a name.
public struct OrderlyTrait: SuiteTrait, TestTrait, TestScoping {
    /// The time that one case of a test may take.
    let limit: Duration

    /// Whether the suite starts before others, since it takes long.
    let isLong: Bool

    /// The tests of the suite need the limit, too.
    public var isRecursive: Bool { true }

    /// Whether the current task belongs to a suite that has entered the gate.
    @TaskLocal private static var isInsideGate = false

    /// Provides a scope for suites and for cases.
    ///
    /// There is none for a test as a whole: its cases have theirs.
    public func scopeProvider(for test: Test, testCase: Test.Case?) -> Self? {
        test.isSuite || testCase != nil ? self : nil
    }

    /// Runs a suite inside the gate, or a case under the watchdog and with a scope of its own.
    public func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        guard testCase == nil else {
            let entry = Watchdog.shared.watch(test.qualifiedName, limit: limit)
            defer { Watchdog.shared.forget(entry) }
            let scope = TestScope()
            return try await TestScope.$current.withValue(scope) {
                defer { scope.reportLeaks() }
                try await function()
            }
        }
        // A suite within another one is part of it.
        if Self.isInsideGate { return try await function() }
        await SuiteGate.shared.enter(ahead: isLong)
        defer { SuiteGate.shared.leave() }
        try await Self.$isInsideGate.withValue(true) {
            try await withTaskExecutorPreference(BlockingExecutor.shared) {
                try await ParallelizationTrait.serialized.provideScope(for: test, testCase: nil, performing: function)
            }
        }
    }
}

extension Trait where Self == OrderlyTrait {
    /// Runs the tests one after the other, on threads that may block, two minutes each at the most.
    public static var orderly: Self { OrderlyTrait(limit: .seconds(120), isLong: false) }

    /// Like ``orderly``, for a suite that takes long: it starts first, so that the run doesn't end with it alone.
    public static var orderlyAndLong: Self { OrderlyTrait(limit: .seconds(120), isLong: true) }
}

extension Test {
    /// The names of the file and of the test, as reported.
    fileprivate var qualifiedName: String {
        "\"\(displayName ?? name)\" (\(sourceLocation.fileID):\(sourceLocation.line))"
    }
}
