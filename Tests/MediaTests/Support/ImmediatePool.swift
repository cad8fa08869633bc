@testable import Media

extension MemoryPool {
    /// Makes a pool that grants slots on the thread that returns others.
    convenience init?(immediateOf byteCount: Int) {
        self.init(byteCount: byteCount) { work in
            work()
            return true
        }
    }
}
