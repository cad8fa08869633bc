import Catalog
import Threading
import TwilioAPI

/// Listing directories.
extension FileTree {
    /// Opens a directory, once its list is complete.
    public func openDirectory(_ inode: InodeNumber, completion: @escaping Completion<DirectoryHandle>) {
        let directory: Directory
        do throws(FileTreeError) {
            directory = try self.directory(inode)
        } catch {
            completion(.failure(error))
            return
        }
        guard let kind = directory.listedKind else {
            completion(.success(DirectoryHandle(directory: directory, epoch: parts.catalog.epoch)))
            return
        }
        parts.synchronizer.whenListed(kind) { [parts] result in
            completion(
                result.map { DirectoryHandle(directory: directory, epoch: parts.catalog.epoch) }
                    .mapError { FileTreeError(.inputOutput, $0.message, cause: $0) })
        }
    }

    /// The next entries of a directory.
    ///
    /// - Parameters:
    ///   - cookie: that of the last entry that was had; 0 to begin.
    ///   - limit: how many at the most.
    /// - Returns: an empty array at the end, and only there.
    public func entries(
        of handle: DirectoryHandle, after cookie: Int64, limit: Int
    ) throws(FileTreeError) -> [DirectoryEntry] {
        let directory = handle.directory
        // The rest of a listing from another database would be no rest.
        guard handle.epoch == parts.catalog.epoch else {
            throw FileTreeError(.inputOutput, "the catalog was found damaged while the directory was read")
        }
        let fixed = [(".", Node.directory(directory)), ("..", .directory(directory.parent))] + directory.fixedEntries
        let fixedCount = Int64(fixed.count)
        var entries: [DirectoryEntry] = []
        for index in Int(min(cookie, fixedCount))..<fixed.count where entries.count < limit {
            entries.append(listing(fixed[index].1, name: fixed[index].0, entry: nil, cookie: Int64(index) + 1))
        }
        guard let kind = directory.listedKind, entries.count < limit else { return entries }
        do throws(CatalogError) {
            let position = max(0, cookie - fixedCount)
            for entry in try parts.catalog.entries(of: kind, after: position, limit: limit - entries.count) {
                let node = Self.node(of: entry, in: directory)
                entries.append(
                    listing(
                        node, name: "\(entry.sid).\(Self.suffix(of: entry, in: directory))", entry: entry,
                        cookie: entry.position + fixedCount))
            }
        } catch {
            throw inputOutput(error)
        }
        return entries
    }

    /// A listed entry.
    private func listing(_ node: Node, name: String, entry: CatalogEntry?, cookie: Int64) -> DirectoryEntry {
        let isDirectory = if case .directory = node { true } else { false }
        return DirectoryEntry(
            name: name, inode: inodes.withLock { $0.number(of: node) }, type: isDirectory ? .directory : .regular,
            attributes: try? knownAttributes(of: node, entry: entry), validity: Self.longValidity, cookie: cookie,
            node: node)
    }
}
