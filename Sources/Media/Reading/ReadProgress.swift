/// The part of a file that one reader has requested, and an observer of its completion.
struct ReadProgress {
    typealias Observer = @Sendable () -> Void

    private let size: Int64
    private var count: Int64 = 0
    private var hasReachedEnd: Bool
    private var observer: Observer?

    init(size: Int64) {
        self.size = size
        // The kernel never requests bytes of an empty file.
        hasReachedEnd = size == 0
    }

    /// Notes a requested plaintext range; returns the observer if it is to be called now.
    mutating func advance(_ range: Range<Int64>) -> Observer? {
        count += Int64(range.clamped(to: 0..<size).count)
        // The kernel sends several reads at a time, in any order.
        if range.upperBound >= size { hasReachedEnd = true }
        return isReadToEnd ? observer.take() : nil
    }

    /// Sets the observer; returns it if it is to be called at once.
    mutating func watch(_ observer: @escaping Observer) -> Observer? {
        if isReadToEnd { return observer }
        self.observer = observer
        return nil
    }

    private var isReadToEnd: Bool { hasReachedEnd && count >= size / 2 }
}
