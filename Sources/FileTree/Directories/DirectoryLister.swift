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
    ///
    /// - Parameter attempts: The number of tries if the catalog is found damaged during the wait for the list.
    func open(
        _ directory: Directory, in number: BranchNumber, attempts: Int = 3,
        completion: @escaping TreeCompletion<DirectoryHandle>
    ) {
        let branch = branches[number]
        // Before the list is complete: a later database doesn't have it.
        let epoch = branch.catalog.epoch
        let opened: @Sendable (Result<Void, CatalogError>) -> Void = { [self] result in
            whenSettled(number) { [self] in
                guard branch.catalog.epoch == epoch || attempts == 1 else {
                    open(directory, in: number, attempts: attempts - 1, completion: completion)
                    return
                }
                completion(
                    result.map { DirectoryHandle(directory: directory, branch: number, epoch: epoch) }
                        .mapError { error in
                            directory.needsCalls
                                ? .unlisted(error) : FileTreeError(.inputOutput, error.message, cause: error)
                        })
            }
        }
        let listed = naming(directory, in: branch, opened)
        switch directory {
        case .date(let span) where span.unit == .day:
            // The recordings of one day are fetched quickly, even out of a million.
            branch.synchronizer.whenListed(createdIn: span.interval, completion: listed)
        case .media, .metadataOf, .byDate, .date, .byGroup, .group:
            branch.synchronizer.whenListed(directory.kinds, completion: directory.isLeaf ? listed : opened)
        case .byNumber, .number: branch.synchronizer.whenCallsListed(createdIn: nil, completion: opened)
        case .root, .metadata, .accounts, .control: opened(.success(()))
        }
    }

    /// The completion of a directory's list that waits for what its names tell: they must not change afterwards.
    private func naming(
        _ directory: Directory, in branch: Branch, _ opened: @escaping ListCompletion
    ) -> ListCompletion {
        guard branches.names.areReadable(in: directory) else { return opened }
        return { result in
            guard case .success = result else { return opened(result) }
            do throws(FileTreeError) {
                try branch.whenNamed(directory, completion: opened)
            } catch {
                opened(.failure(CatalogError(.database, error.message, cause: error)))
            }
        }
    }

    /// Calls a completion once an account's hidden recordings are known.
    ///
    /// Only listings wait for that, since a program that copies a directory lists it first. If media doesn't answer in
    /// time, the listing has every recording that isn't known to be unreadable; reading an unreadable one fails.
    private func whenSettled(_ number: BranchNumber, completion: @escaping @Sendable () -> Void) {
        guard let readability = validity.readability else { return completion() }
        readability.whenSettled(account: Int(number.rawValue), completion: completion)
    }

    /// The next entries of a directory; empty only at the end.
    ///
    /// - Parameter cookie: The cookie of the entry before; 0 to begin.
    func entries(
        of handle: DirectoryHandle, after cookie: Int64, limit: Int
    ) throws(FileTreeError) -> [DirectoryEntry] {
        let (directory, number) = (handle.directory, handle.branch)
        let fixed =
            [
                (".", Node(.directory(directory), in: number)), ("..", branches.parent(of: directory, in: number)),
            ] + branches.fixedEntries(of: directory, in: number)
        let fixedCount = Int64(fixed.count)
        var entries: [DirectoryEntry] = []
        for index in Int(min(cookie, fixedCount))..<fixed.count where entries.count < limit {
            entries.append(entry(fixed[index].1, name: fixed[index].0, cookie: Int64(index) + 1))
        }
        guard entries.count < limit else { return entries }
        let branch = branches[number]
        let found = try branch.query { _ throws(CatalogError) in
            try items(of: directory, in: branch, after: max(0, cookie - fixedCount), limit: limit - entries.count)
        }
        for item in found {
            let node = Node(item.place, in: number)
            entries.append(
                entry(
                    node, item.entry, name: item.name, cookie: item.number + fixedCount, isFinal: item.isNameFinal))
        }
        // The rest of a listing from another database would be wrong. Checked after the query: the database may be
        // exchanged at any moment.
        guard handle.epoch == branch.catalog.epoch else { throw .interrupted }
        return entries
    }

    /// An entry from the catalog.
    private struct Item {
        let name: String
        let place: Place
        var entry: CatalogEntry?
        /// Its ascending position.
        let number: Int64
        var isNameFinal = true
    }

    private func items(
        of directory: Directory, in branch: Branch, after number: Int64, limit: Int
    ) throws(CatalogError) -> [Item] {
        let dates = DateView(branch: branch)
        let entries: [(entry: CatalogEntry, place: Int64)]
        switch directory {
        case .media(let kind), .metadataOf(let kind):
            entries = try branch.catalog.entries(of: kind, after: number, limit: limit).map { ($0, $0.position) }
        case .group(let group):
            entries = try branch.catalog.entries(
                ofGroup: group, kinds: directory.kinds, after: number, limit: limit
            ).map { ($0, $0.position) }
        case .date(let span) where span.unit == .day: entries = try dates.entries(of: span, after: number, limit: limit)
        case .byDate: return try dates.spans(of: nil, after: number, limit: limit).map(Self.item)
        case .date(let span): return try dates.spans(of: span, after: number, limit: limit).map(Self.item)
        case .number(let group):
            entries = try branch.catalog.entries(of: group, after: number, limit: limit).map { ($0, $0.position) }
        case .byNumber:
            return try branch.catalog.numberGroups(after: number, limit: limit).map {
                Item(name: $0.name, place: .directory(.number($0)), number: $0.storedNumber + 1)
            }
        case .byGroup(.conference):
            return try branch.catalog.conferences(after: number, limit: limit).map {
                Item(name: $0.group.description, place: .directory(.group($0.group)), number: $0.position)
            }
        case .byGroup:
            return try branch.catalog.groups(of: directory.kinds, after: number, limit: limit).map {
                Item(name: $0.group.description, place: .directory(.group($0.group)), number: $0.position)
            }
        case .root, .metadata, .accounts, .control: return []
        }
        return try items(entries, in: directory, of: branch)
    }

    private func items(
        _ entries: [(entry: CatalogEntry, place: Int64)], in directory: Directory, of branch: Branch
    ) throws(CatalogError) -> [Item] {
        let names = branches.names
        let needsCalls = directory.needsCalls || names.areReadable(in: directory)
        var items: [Item] = []
        for (entry, number) in entries {
            let call = needsCalls ? try branch.call(of: entry) : nil
            // The catalog may have changed since the query.
            guard let place = try branch.place(of: entry, in: directory, call: call) else { continue }
            items.append(
                Item(
                    name: names.name(of: entry, in: directory, call: call), place: place, entry: entry,
                    number: number, isNameFinal: names.isFinal(entry, in: directory, call: call)))
        }
        return items
    }

    private static func item(_ span: DateSpan) -> Item {
        Item(name: span.name, place: .directory(.date(span)), number: Int64(span.number))
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
