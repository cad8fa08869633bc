import Support

/// Reconciles files and index after kills, power failures and changes by other programs.
///
/// Other processes may store and evict meanwhile. That is safe, because numbers are never reused, a row exists before
/// its file, and the sweep reads rows, then files, then rows again.
struct Sweep {
    let store: OpenStore
    /// Polled before each folder.
    let isCancelled: () -> Bool

    struct Result {
        /// The numbers of removed files, and of removed entries without a valid file.
        var orphans = 0
        var blocks = 0

        /// The reasons for which something was left out, which this process can't read or remove.
        var failures: [SystemError] = []
    }

    /// Removes orphaned files and entries without a valid file.
    ///
    /// A folder that can't be read, or that has something that can't be removed, is left out: it must not keep the
    /// others from being swept. The index then counts as incomplete.
    func run() throws(IndexFailure) -> Result {
        if store.wasRestarted { try store.index.check() }
        try store.removeDiscarded()
        try store.cancelOfDeadOwners()
        var result = Result()
        var folders = try store.index.folders()
        folders.formUnion(try IndexFailure.wrapping { try store.files.folders() })
        for folder in folders.sorted() {
            if isCancelled() { return result }
            do throws(IndexFailure) {
                try sweep(folder, &result)
            } catch {
                // Failures of the index concern all folders.
                guard let cause = error.cause as? SystemError else { throw error }
                result.failures.append(cause)
            }
        }
        try store.index.recount()
        if result.failures.isEmpty { try store.noteSwept() }
        return result
    }

    private func sweep(_ folder: Int64, _ result: inout Result) throws(IndexFailure) {
        let blocks = try store.index.sizes(of: .block, in: folder)
        let files = try IndexFailure.wrapping { try store.files.files(in: folder) }
        // Reservations are read before blocks: a reservation may become a block meanwhile, but not the reverse.
        let written = try store.index.sizes(of: .reservation, in: folder)
        let stored = try store.index.sizes(of: .block, in: folder)

        var sizes: [Int64: Int64] = [:]
        for file in files {
            if let id = file.id, written[id] != nil || (stored[id] != nil && !file.isTemporary) {
                sizes[id] = file.size
            } else {
                do throws(SystemError) {
                    try store.files.remove(file, in: folder)
                    result.orphans += 1
                } catch {
                    result.failures.append(error)
                }
            }
        }
        // The blocks from before the listing whose files are missing or have another size.
        let missing = blocks.filter { sizes[$0.key] != $0.value }.map(\.key)
        try store.index.remove(missing, store.files)
        if stored.isEmpty && written.isEmpty { store.files.removeIfEmpty(folder) }
        result.blocks += missing.count
    }
}
