import Support

/// Reconciles files and index after kills, power failures and changes by other programs.
///
/// Other processes may store and evict meanwhile. That is safe, because numbers are never reused, a row exists before
/// its file, and the sweep reads rows, then files, then rows again.
struct Sweep {
    let store: OpenStore
    /// Polled before each folder.
    let isCancelled: () -> Bool

    /// Removes orphaned files and entries without a valid file, and returns the number of each.
    func run() throws(IndexFailure) -> (orphans: Int, blocks: Int) {
        if store.wasRestarted { try store.index.check() }
        try store.removeDiscarded()
        try store.cancelOfDeadOwners()
        var result = (orphans: 0, blocks: 0)
        var folders = try store.index.folders()
        folders.formUnion(try IndexFailure.wrapping { try store.files.folders() })
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
        let blocks = try store.index.sizes(of: .block, in: folder)
        let files = try IndexFailure.wrapping { try store.files.files(in: folder) }
        // Reservations are read before blocks: a reservation may become a block meanwhile, but not the reverse.
        let written = try store.index.sizes(of: .reservation, in: folder)
        let stored = try store.index.sizes(of: .block, in: folder)

        var orphans = 0
        var sizes: [Int64: Int64] = [:]
        for file in files {
            if let id = file.id, written[id] != nil || (stored[id] != nil && !file.isTemporary) {
                sizes[id] = file.size
            } else {
                try IndexFailure.wrapping { try store.files.remove(file, in: folder) }
                orphans += 1
            }
        }
        // The blocks from before the listing whose files are missing or have another size.
        let missing = blocks.filter { sizes[$0.key] != $0.value }.map(\.key)
        try store.index.remove(missing, store.files)
        if stored.isEmpty && written.isEmpty { store.files.removeIfEmpty(folder) }
        return (orphans, missing.count)
    }
}
