public import Support

extension DiskCache {
    /// A cache's folder, seen from outside, whether or not a process uses it.
    public struct Folder: Sendable {
        private let path: String

        /// Makes a reference to the folder of a cache.
        public init(path: String) { self.path = path }

        /// The statistics of the cache; a damaged index stays in place.
        ///
        /// - Throws: ``DiskCacheError`` when the index can't be read.
        public func statistics() throws(DiskCacheError) -> CacheStatistics {
            guard OpenStore.exists(in: path) else { return CacheStatistics() }
            let store = try OpenStore.open(path, keepsDamaged: true)
            return try perform { () throws(IndexFailure) in try store.index.statistics() }
        }

        /// Removes all blocks, the remains of killed processes and stores that were set aside.
        ///
        /// - Throws: ``DiskCacheError`` when something could not be removed.
        public func clear() throws(DiskCacheError) {
            guard FileIdentity(path) != nil else { return }
            let store = try OpenStore.open(path)
            try perform { () throws(IndexFailure) in
                let result = try Sweep(store: store) { false }.run()
                try store.index.remove(.all(upTo: try store.index.lastID()), store.files)
                if let failure = result.failures.first {
                    throw IndexFailure(.unavailable, failure.message, cause: failure)
                }
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
