import Support

/// How often the kernel was answered with which error.
final class ErrorCounts: Sendable {
    private let counts = Locked<[ErrorNumber: Int64]>([:])

    /// Counts an error that the kernel was told.
    func count(_ error: ErrorNumber) {
        counts.withLock { $0[error, default: 0] += 1 }
    }

    /// How often, by the errno's name.
    var byName: [String: Int64] {
        Dictionary(uniqueKeysWithValues: counts.withLock { $0 }.map { ($0.name, $1) })
    }
}
