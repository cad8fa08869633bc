import Catalog
import Readability
public import Support
import TwilioAPI

/// Listing directories.
extension FileTree {
    /// Opens a directory, once what it lists is complete, and it is known what is left out of it, as far as that can be
    /// found out in a minute.
    public func openDirectory(_ inode: InodeNumber, completion: @escaping Completion<DirectoryHandle>) {
        do throws(FileTreeError) {
            let (directory, number) = try directory(inode)
            open(directory, number, attempts: 3, completion)
        } catch {
            completion(.failure(error))
        }
    }

    /// Opens a directory.
    ///
    /// - Parameter attempts: how often the catalog may be found damaged while its list is waited for.
    private func open(
        _ directory: Directory, _ number: BranchNumber, attempts: Int,
        _ completion: @escaping Completion<DirectoryHandle>
    ) {
        let branch = branch(number)
        // From before the list was whole: it is in no database that comes later.
        let epoch = branch.catalog.epoch
        let opened: @Sendable (Result<Void, CatalogError>) -> Void = { [self] result in
            whenSettled(number) { [self] in
                guard branch.catalog.epoch == epoch || attempts == 1 else {
                    open(directory, number, attempts: attempts - 1, completion)
                    return
                }
                completion(
                    result.map { DirectoryHandle(directory: directory, branch: number, epoch: epoch) }
                        .mapError { FileTreeError(.inputOutput, $0.message, cause: $0) })
            }
        }
        switch directory {
        case .date(let span) where span.unit == .day:
            // Of a million recordings, this day's can be here in no time.
            branch.synchronizer.whenListed(createdIn: span.interval, completion: opened)
        case .media, .metadataOf, .byDate, .date, .byGroup, .group:
            branch.synchronizer.whenListed(directory.kinds, completion: opened)
        case .root, .metadata, .accounts, .control:
            opened(.success(()))
        }
    }

    /// Calls a completion once it is known what an account's directories leave out.
    ///
    /// Listings alone wait for that, since whoever copies a directory lists it first. If media doesn't answer in time,
    /// they tell what isn't known to be unreadable: that fails later by itself, and nothing else does.
    private func whenSettled(_ number: BranchNumber, completion: @escaping @Sendable () -> Void) {
        guard let readability = parts.readability else {
            completion()
            return
        }
        readability.whenSettled(account: Int(number.rawValue), completion: completion)
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
        let fixed =
            [
                (".", Node(.directory(handle.directory), in: handle.branch)),
                ("..", parent(of: handle.directory, in: handle.branch)),
            ] + fixedEntries(of: handle.directory, in: handle.branch)
        let fixedCount = Int64(fixed.count)
        var entries: [DirectoryEntry] = []
        for index in Int(min(cookie, fixedCount))..<fixed.count where entries.count < limit {
            entries.append(listing(fixed[index].1, name: fixed[index].0, cookie: Int64(index) + 1))
        }
        guard entries.count < limit else { return entries }
        do throws(CatalogError) {
            for item in try items(of: handle, after: max(0, cookie - fixedCount), limit: limit - entries.count) {
                let node = Node(item.place, in: handle.branch)
                entries.append(listing(node, name: item.name, entry: item.entry, cookie: item.number + fixedCount))
            }
        } catch {
            throw inputOutput(error)
        }
        // The rest of a listing from another database would be no rest, and its end no end. Asked for afterwards: the
        // database may be exchanged at any moment.
        guard handle.epoch == branch(handle.branch).catalog.epoch else { throw Self.interrupted }
        return entries
    }

    /// The catalog was exchanged between an answer and what it follows from.
    static var interrupted: FileTreeError {
        FileTreeError(.inputOutput, "the catalog was found damaged while it was read")
    }

    /// What is always in a directory, in the order of the listing.
    func fixedEntries(of directory: Directory, in number: BranchNumber) -> [(name: String, node: Node)] {
        let entries = directory.fixedEntries(showing: branch(number).kinds).map {
            ($0.name, Node($0.place, in: number))
        }
        switch (directory, number) {
        case (.root, .main):
            let accounts = parts.subaccounts == nil ? [] : [("accounts", Node(.directory(.accounts)))]
            return entries + accounts + [(".twiliofs", Node(.directory(.control)))]
        case (.accounts, _):
            return branches.indices.dropFirst().map { index in
                (
                    branches[index].account.description,
                    Node(.directory(.root), in: BranchNumber(rawValue: UInt16(index)))
                )
            }
        default:
            return entries
        }
    }

    /// The directory above.
    func parent(of directory: Directory, in number: BranchNumber) -> Node {
        directory == .root && number != .main
            ? Node(.directory(.accounts)) : Node(.directory(directory.parent), in: number)
    }

    /// What the catalog has to list.
    private struct Item {
        let name: String
        let place: Place
        var entry: CatalogEntry?

        /// Its place in the order, which grows.
        let number: Int64
    }

    private func items(
        of handle: DirectoryHandle, after number: Int64, limit: Int
    ) throws(CatalogError) -> [Item] {
        let directory = handle.directory
        let branch = branch(handle.branch)
        let entries: [(entry: CatalogEntry, place: Int64)]
        switch directory {
        case .media(let kind), .metadataOf(let kind):
            entries = try branch.catalog.entries(of: kind, after: number, limit: limit).map { ($0, $0.position) }
        case .group(let group):
            entries = try branch.catalog.entries(
                ofGroup: group, kinds: directory.kinds, after: number, limit: limit
            ).map { ($0, $0.position) }
        case .date(let span) where span.unit == .day:
            entries = try self.entries(of: span, after: number, limit: limit, in: branch)
        case .byDate:
            return try spans(of: nil, after: number, limit: limit, in: branch).map(Self.item)
        case .date(let span):
            return try spans(of: span, after: number, limit: limit, in: branch).map(Self.item)
        case .byGroup:
            return try branch.catalog.groups(of: directory.kinds, after: number, limit: limit).map {
                Item(name: $0.group.description, place: .directory(.group($0.group)), number: $0.position)
            }
        case .root, .metadata, .accounts, .control:
            return []
        }
        return entries.map { entry, number in
            Item(
                name: "\(entry.sid).\(Self.suffix(of: entry, in: directory))",
                place: Self.place(of: entry, in: directory), entry: entry, number: number)
        }
    }

    private static func item(_ span: DateSpan) -> Item {
        Item(name: span.name, place: .directory(.date(span)), number: Int64(span.number))
    }

    /// A listed entry.
    private func listing(_ node: Node, name: String, entry: CatalogEntry? = nil, cookie: Int64) -> DirectoryEntry {
        let attributes = isCheap(node) ? try? attributesWithName(of: node, entry: entry) : nil
        return DirectoryEntry(
            name: name, inode: number(node), type: Self.type(of: node.place), attributes: attributes,
            validity: entry.map { validity(of: $0, in: node.branch) } ?? Self.validity(of: node.place), cookie: cookie,
            node: node)
    }

    /// Whether the attributes may be told with a listing: not those of a million calls, each of which takes a query.
    private func isCheap(_ node: Node) -> Bool {
        if case .directory(.group) = node.place { false } else { true }
    }

    private static func type(of place: Place) -> Attributes.FileType {
        switch place {
        case .directory: .directory
        case .link: .link
        case .media, .metadata, .control: .regular
        }
    }

    /// How long the kernel may keep the name of a recording: not for long if it may come to be left out.
    func validity(of entry: CatalogEntry, in number: BranchNumber) -> Double {
        let mayVanish = parts.readability?.mayVanish(entry, account: Int(number.rawValue)) ?? false
        return mayVanish ? Self.directoryValidity : Self.longValidity
    }

    /// How long the kernel may keep the name: what has a date or belongs to a call may be the last that does.
    private static func validity(of place: Place) -> Double {
        switch place {
        case .directory(.date), .directory(.group): directoryValidity
        case .directory, .link, .media, .metadata, .control: longValidity
        }
    }
}
