public import Support

extension DiskCache {
    /// A cache looked at or emptied from outside, whether or not a process uses it.
    public struct Folder: Sendable {
        private let path: String

        /// Names the cache's folder.
        public init(path: String) {
            self.path = path
        }

        /// What is held; nothing is changed.
        ///
        /// - Throws: ``DiskCacheError`` when it can't be told.
        public func statistics() throws(DiskCacheError) -> DiskCache.Statistics {
            guard OpenStore.exists(in: path) else { return DiskCache.Statistics() }
            let store = try OpenStore.open(path, keepsDamaged: true)
            return try perform { () throws(IndexFailure) in try store.index.statistics() }
        }

        /// Removes everything that is held, also what was left of processes that were killed and of caches that were
        /// damaged.
        ///
        /// - Throws: ``DiskCacheError`` when something is left.
        public func clear() throws(DiskCacheError) {
            guard FileIdentity(path) != nil else { return }
            let store = try OpenStore.open(path)
            try perform { () throws(IndexFailure) in
                _ = try Sweep(store, isCancelled: { false }).run()
                try store.index.remove(.all(upTo: try store.index.lastID()), store.files)
            }
        }

        private func perform<Value>(_ body: () throws(IndexFailure) -> Value) throws(DiskCacheError) -> Value {
            do throws(IndexFailure) {
                return try body()
            } catch {
                throw DiskCacheError(
                    error.code == .damaged ? .damagedIndex : .index, "the cache in '\(path)' can't be used: \(error)",
                    cause: error)
            }
        }
    }
}
