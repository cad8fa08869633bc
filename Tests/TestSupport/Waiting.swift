import Glibc
public import Testing

/// Waits until something holds, looking often.
///
/// - Parameter seconds: far more than it takes, since a test machine may be busy with other things; as many times
///   longer as `TEST_PATIENCE` says.
/// - Returns: whether it came to hold in time.
public func eventually(within seconds: Double = 30, _ condition: () throws -> Bool) rethrows -> Bool {
    let deadline = ContinuousClock.now + Duration.seconds(seconds) * TestPatience.factor
    // Longer each time, in proportion to the whole: looking may start a program, and many tests look at the same time.
    var pause: UInt32 = 2000
    while ContinuousClock.now < deadline {
        if try condition() { return true }
        usleep(pause)
        pause = min(pause + pause / 6, 400_000)
    }
    return try condition()
}

/// Waits until something holds, and ends the test with a message when it doesn't in time.
public func wait(
    until expectation: Comment, within seconds: Double = 30, sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () throws -> Bool
) throws {
    try #require(try eventually(within: seconds, condition), expectation, sourceLocation: sourceLocation)
}
