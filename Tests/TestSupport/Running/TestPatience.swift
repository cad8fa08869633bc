import Foundation

/// How patient tests are.
enum TestPatience {
    /// How many times longer tests may take and wait: under a sanitizer or a debugger, `TEST_PATIENCE` in the
    /// environment.
    static let factor = ProcessInfo.processInfo.environment["TEST_PATIENCE"].flatMap { Int($0) } ?? 1
}
