import Support

/// Makes files and index agree again, after kills, power failures and whoever has been at the files.
///
/// Other processes store and evict meanwhile. That is safe because numbers aren't given twice, because a row is there
/// before its file is, and because of the order in which it is looked: rows, then files, then rows again.
struct Sweep {
    private let store: OpenStore
    private let isCancelled: () -> Bool

    /// - Parameter isCancelled: asked now and then whether to stop.
    init(_ store: OpenStore, isCancelled: @escaping () -> Bool) {
        self.store = store
        self.isCancelled = isCancelled
    }

    /// Sweeps.
    ///
    /// - Returns: how many files were removed that were nobody's, and how many blocks that were none.
    func run() throws(IndexFailure) -> (orphans: Int, blocks: Int) {
        if store.wasRestarted { try store.index.check() }
        try store.removeDiscarded()
        try store.cancelOfDeadOwners()
        var result = (orphans: 0, blocks: 0)
        var folders = try store.index.folders()
        folders.formUnion(try listed { () throws(SystemError) in try store.files.folders() })
        for folder in folders.sorted() {
            if isCancelled() { return result }
            let (orphans, blocks) = try sweep(folder)
            result.orphans += orphans
            result.blocks += blocks
        }
        try store.index.recount()
        try store.noteSwept()
        return result
    }

    private func sweep(_ folder: Int64) throws(IndexFailure) -> (orphans: Int, blocks: Int) {
        let blocks = try store.index.blocks(in: folder)
        let files = try listed { () throws(SystemError) in try store.files.files(in: folder) }
        // In this order: what is reserved now may be a block a moment later, never the other way round.
        let written = try store.index.reservations(in: folder)
        let stored = try store.index.blocks(in: folder)

        var orphans = 0
        var sizes: [Int64: Int64] = [:]
        for file in files {
            if let id = file.id, written[id] != nil || (stored[id] != nil && !file.isTemporary) {
                sizes[id] = file.size
            } else {
                try listed { () throws(SystemError) in try store.files.remove(file, in: folder) }
                orphans += 1
            }
        }
        // Of those that were blocks before the files were listed: missing, or of another size than what they count.
        let missing = blocks.filter { sizes[$0.key] != $0.value }.map(\.key)
        try store.index.remove(missing, store.files)
        if stored.isEmpty && written.isEmpty { store.files.removeIfEmpty(folder) }
        return (orphans, missing.count)
    }

    private func listed<Value>(_ body: () throws(SystemError) -> Value) throws(IndexFailure) -> Value {
        do throws(SystemError) {
            return try body()
        } catch {
            throw IndexFailure(error)
        }
    }
}
