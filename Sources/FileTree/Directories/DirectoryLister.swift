import Catalog
import Readability
import Support
import Sync
import TwilioAPI

/// Lists directories.
final class DirectoryLister: Sendable {
    private let branches: Branches
    private let nodes: NodeRegistry
    private let attributes: AttributeProvider
    private let validity: NameValidity

    init(branches: Branches, nodes: NodeRegistry, attributes: AttributeProvider, validity: NameValidity) {
        self.branches = branches
        self.nodes = nodes
        self.attributes = attributes
        self.validity = validity
    }

    /// Opens a directory once its list is complete; waits a minute at most to know its hidden recordings.
    func open(
        _ directory: Directory, in number: BranchNumber, completion: @escaping TreeCompletion<DirectoryHandle>
    ) {
        whenListed(directory, in: number) { result in
            completion(result.map { DirectoryHandle(directory: directory, branch: number, list: $0) })
        }
    }

    /// Waits for the list of a directory.
    ///
    /// - Parameter attempts: The number of tries if the catalog is found damaged during the wait.
    private func whenListed(
        _ directory: Directory, in number: BranchNumber, attempts: Int = 3,
        completion: @escaping TreeCompletion<DirectoryHandle.List>
    ) {
        let branch = branches[number]
        // Read before the list is complete: a later database doesn't have the list.
        let epoch = branch.catalog.epoch
        let opened: @Sendable (Result<Int64?, CatalogError>) -> Void = { [self] result in
            whenIndexed(directory, in: branch) { [self] indexed in
                whenSettled(number) { [self] in
                    guard branch.catalog.epoch == epoch || attempts == 1 else {
                        whenListed(directory, in: number, attempts: attempts - 1, completion: completion)
                        return
                    }
                    completion(
                        result.flatMap { last in
                            indexed.map { DirectoryHandle.List(epoch: epoch, lastNamed: last) }
                        }
                        .mapError(FileTreeError.list))
                }
            }
        }
        let done: ListCompletion = { result in opened(result.map { nil }) }
        let listed: ListCompletion = { [self] result in
            guard case .success = result, directory.isLeaf, branches.names.areReadable(in: directory) else {
                return done(result)
            }
            whenNamed(directory, in: branch, opened)
        }
        switch directory {
        case .date(let span) where span.unit == .day:
            // The recordings of one day are fetched quickly, even out of a million.
            branch.synchronizer.whenListed(createdIn: span.interval, completion: listed)
        case .media, .metadataOf, .byDate, .date, .byGroup, .group:
            branch.synchronizer.whenListed(directory.listedKinds, completion: listed)
        case .byNumber, .number: branch.synchronizer.whenCallsListed(createdIn: nil, completion: listed)
        case .root, .metadata, .accounts, .control: done(.success(()))
        }
    }

    /// Waits for what the names in a directory tell, since they must not change afterwards; its list is complete.
    ///
    /// - Parameter completion: Called with the position of the last recording whose call was waited for.
    private func whenNamed(
        _ directory: Directory, in branch: Branch,
        _ completion: @escaping @Sendable (Result<Int64?, CatalogError>) -> Void
    ) {
        do throws(FileTreeError) {
            let last = try branch.query { catalog throws(CatalogError) in try catalog.lastPosition() }
            try branch.whenNamed(directory) { result in completion(result.map { last }) }
        } catch {
            completion(.failure(CatalogError(.database, error.message, cause: error)))
        }
    }

    /// Calls a completion once the catalog has the index that the list of a directory needs.
    private func whenIndexed(
        _ directory: Directory, in branch: Branch,
        completion: @escaping @Sendable (Result<Void, CatalogError>) -> Void
    ) {
        switch directory {
        case .byGroup, .group, .byNumber, .number: branch.catalog.groups.whenIndexed(completion)
        case .root, .media, .metadata, .metadataOf, .byDate, .date, .accounts, .control: completion(.success(()))
        }
    }

    /// Calls a completion once an account's hidden recordings are known.
    ///
    /// Only listings wait for that, since a program that copies a directory lists it first. If servers don't answer in
    /// time, the listing has every recording that isn't known to be unreadable; reading an unreadable one fails.
    private func whenSettled(_ number: BranchNumber, completion: @escaping @Sendable () -> Void) {
        guard let readability = validity.readability else { return completion() }
        readability.whenSettled(account: Int(number.rawValue), completion: completion)
    }

    /// The next entries of a directory; empty only at the end.
    ///
    /// If the catalog was replaced, the listing goes on with the new one when that has the list: from the beginning, or
    /// where a place means the same in every database. Elsewhere it fails.
    ///
    /// - Parameter cookie: The cookie of the entry before; 0 to begin.
    func entries(
        of handle: DirectoryHandle, after cookie: Int64, limit: Int,
        completion: @escaping TreeCompletion<[DirectoryEntry]>
    ) {
        let (directory, number) = (handle.directory, handle.branch)
        let branch = branches[number]
        // A listing that has begun goes on: it was whole when the directory was opened.
        if cookie == 0, let refusal = branch.synchronizer.refusal(of: directory.listedKinds) {
            return completion(.failure(.list(refusal)))
        }
        let list = handle.list
        let result = Result { () throws(FileTreeError) in
            try entries(of: directory, in: number, list, after: cookie, limit: limit)
        }
        let isContinuable = cookie <= FixedEntry.lastCookie || directory.hasLastingPlaces
        guard case .failure = result, isContinuable, list.epoch != branch.catalog.epoch else {
            return completion(result)
        }
        whenListed(directory, in: number) { [self] listed in
            do throws(FileTreeError) {
                let list = try listed.get()
                let entries = try entries(of: directory, in: number, list, after: cookie, limit: limit)
                handle.adopt(list)
                completion(.success(entries))
            } catch {
                completion(.failure(error))
            }
        }
    }

    private func entries(
        of directory: Directory, in number: BranchNumber, _ list: DirectoryHandle.List, after cookie: Int64, limit: Int
    ) throws(FileTreeError) -> [DirectoryEntry] {
        let fixed = branches.listedEntries(of: directory, in: number).filter { $0.cookie > cookie }
        var entries = fixed.prefix(limit).map { entry($0.node, name: $0.name, cookie: $0.cookie) }
        guard entries.count < limit else { return entries }
        let branch = branches[number]
        let found = try branch.query { _ throws(CatalogError) in
            try DirectoryItems(
                directory: directory, branch: branch, names: branches.names, lastNamed: list.lastNamed
            ).items(after: max(0, cookie - FixedEntry.lastCookie), limit: limit - entries.count)
        }
        for item in found {
            let node = Node(item.place, in: number)
            entries.append(
                entry(
                    node, item.entry, name: item.name, cookie: item.number + FixedEntry.lastCookie,
                    isFinal: item.isNameFinal))
        }
        // The rest of a listing from another database would be wrong. Checked after the query: the database may be
        // exchanged at any moment.
        guard list.epoch == branch.catalog.epoch else { throw .interrupted }
        return entries
    }

    private func entry(
        _ node: Node, _ entry: CatalogEntry? = nil, name: String, cookie: Int64, isFinal: Bool = true
    ) -> DirectoryEntry {
        DirectoryEntry(
            name: name, inode: nodes.number(node), type: Self.type(of: node.place),
            attributes: isCheap(node) ? try? attributes.withName(of: node, entry) : nil,
            validity: validity.of(node, entry, isFinal: isFinal), cookie: cookie, node: node)
    }

    /// Whether a listing may report attributes: those of a million calls would take a query each.
    private func isCheap(_ node: Node) -> Bool {
        switch node.place {
        case .directory(.group), .directory(.number): false
        case .directory, .media, .metadata, .link, .control: true
        }
    }

    private static func type(of place: Place) -> Attributes.FileType {
        switch place {
        case .directory: .directory
        case .link: .link
        case .media, .metadata, .control: .regular
        }
    }
}
