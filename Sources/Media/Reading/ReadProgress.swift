/// How much of a file one reader has asked for, and who wants to know when that was all.
struct ReadProgress {
    typealias Observer = @Sendable () -> Void

    private let size: Int64
    private var count: Int64 = 0
    private var hasReachedEnd: Bool
    private var observer: Observer?

    init(size: Int64) {
        self.size = size
        // An empty file is never asked for.
        hasReachedEnd = size == 0
    }

    /// Takes in a range of plaintext that is asked for.
    ///
    /// - Returns: what is to be called now.
    mutating func advance(_ range: Range<Int64>) -> Observer? {
        count += Int64(range.clamped(to: 0..<size).count)
        // The kernel has several reads under way, and they may come in another order.
        if range.upperBound >= size { hasReachedEnd = true }
        return isReadToEnd ? observer.take() : nil
    }

    /// Takes in who wants to know.
    ///
    /// - Returns: what is to be called now.
    mutating func watch(_ observer: @escaping Observer) -> Observer? {
        if isReadToEnd { return observer }
        self.observer = observer
        return nil
    }

    private var isReadToEnd: Bool { hasReachedEnd && count >= size / 2 }
}
