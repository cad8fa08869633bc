import TwilioAPI

/// The recordings that failed authentication and whose files were let go: every later read has to fail too, until a
/// retrial is due.
struct FormerFailures {
    /// What is left of a failure.
    struct Failure {
        /// The next retrial; nil if the content had failed once, and its second attempt wasn't over.
        let retrial: Retrial?
    }

    /// The most failures remembered; a forgotten one is fetched again when it is opened.
    static let limit = 10_000

    private var failures: [SID: (failure: Failure, number: UInt64)] = [:]
    private var count: UInt64 = 0

    /// Notes a failure, in the place of the oldest one beyond the limit.
    mutating func note(_ failure: Failure, of sid: SID) {
        count += 1
        failures[sid] = (failure, count)
        guard failures.count > Self.limit, let oldest = failures.min(by: { $0.value.number < $1.value.number }) else {
            return
        }
        failures[oldest.key] = nil
    }

    /// Whether a recording has failed.
    func has(_ sid: SID) -> Bool { failures[sid] != nil }

    /// Hands a recording's failure over to its file.
    mutating func take(_ sid: SID) -> Failure? { failures.removeValue(forKey: sid)?.failure }
}
