import Catalog
import Support
import TwilioAPI

/// Finding nodes by their numbers.
///
/// A file handle (`name_to_handle_at(2)`, NFS) has a number in it and outlives what the kernel knows, and the mount.
/// Most numbers determine their node. Those of nodes whose own number was taken don't; their handles are stale once the
/// kernel has forgotten them.
extension FileTree {
    /// Finds a node itself, or the directory above it: what the kernel looks up as `.` and `..` in any node.
    func findByNumber(
        _ inode: InodeNumber, isParent: Bool, _ completion: @escaping Completion<Entry>
    ) throws(FileTreeError) {
        var found = try restoredNode(inode)
        if isParent { found = (try parent(of: found.node, entry: found.entry), nil) }
        branch(found.node.branch).synchronizer.noteUse()
        answer(found.node, entry: found.entry, validity: Self.directoryValidity, completion)
    }

    /// The node with a number, whether or not the kernel knows it, and what the catalog has of it if that is a
    /// recording.
    private func restoredNode(_ inode: InodeNumber) throws(FileTreeError) -> (node: Node, entry: CatalogEntry?) {
        if let node = inodes.withLock({ $0.node(of: inode) }) {
            switch node.place {
            case .media(let sid, _), .metadata(let sid, _), .link(let sid, _, _):
                return (node, try catalogEntry(sid, branch(node.branch)))
            case .directory, .control:
                return (node, nil)
            }
        }
        do throws(CatalogError) {
            for candidate in try candidates(for: inode) where number(candidate.node) == inode { return candidate }
        } catch {
            throw inputOutput(error)
        }
        throw FileTreeError(.stale, "the inode \(inode.rawValue) is not known")
    }

    /// The nodes that prefer a number.
    private func candidates(for inode: InodeNumber) throws(CatalogError) -> [(node: Node, entry: CatalogEntry?)] {
        let numbers = branches.indices.map { BranchNumber(rawValue: UInt16($0)) }
        var found: [(Node, CatalogEntry?)] = []
        switch inode.origin {
        case .recording(let kind, let digits, let place):
            for number in numbers {
                for entry in try branch(number).catalog.entries(of: kind, digits: digits) {
                    found.append((Node(place(entry.sid), in: number), entry))
                }
            }
        case .group(let grouping, let digits):
            for number in numbers {
                for group in try branch(number).catalog.groups(of: grouping.kinds, digits: digits) {
                    found.append((Node(.directory(.group(group)), in: number), nil))
                }
            }
        case .own:
            found = fixedNodes(of: .main).map { ($0, nil) }
            if let span = inode.dateSpan, try branch(.main).catalog.hasEntries(createdIn: span.interval) {
                found.append((Node(.directory(.date(span))), nil))
            }
        case .mixed:
            for number in numbers.dropFirst() {
                found += fixedNodes(of: number).map { ($0, nil) }
                found += try dates(in: branch(number)).map { (Node(.directory(.date($0)), in: number), nil) }
            }
        case nil:
            break
        }
        return found
    }

    /// What is always in a branch.
    private func fixedNodes(of number: BranchNumber) -> [Node] {
        var nodes = [Node(.directory(.root), in: number)]
        var index = 0
        while index < nodes.count {
            if case .directory(let directory) = nodes[index].place {
                nodes += fixedEntries(of: directory, in: number).map(\.node).filter { $0.branch == number }
            }
            index += 1
        }
        return nodes
    }

    /// The years in which recordings were made, and all months and days of these that have some.
    private func dates(in branch: Branch) throws(CatalogError) -> [DateSpan] {
        var dates = try spans(of: nil, after: 0, limit: .max, in: branch)
        var index = 0
        while index < dates.count {
            if dates[index].unit != .day { dates += try spans(of: dates[index], after: 0, limit: .max, in: branch) }
            index += 1
        }
        return dates
    }

    /// The directory that a node is in.
    private func parent(of node: Node, entry: CatalogEntry?) throws(FileTreeError) -> Node {
        switch node.place {
        case .directory(let directory):
            return parent(of: directory, in: node.branch)
        case .media(_, let kind):
            return Node(.directory(.media(kind)), in: node.branch)
        case .metadata(_, let kind):
            return Node(.directory(.metadataOf(kind)), in: node.branch)
        case .link(_, _, .date):
            if let date = entry?.dateCreated { return Node(.directory(.date(DateSpan(dayOf: date))), in: node.branch) }
        case .link(_, _, .group):
            if let group = entry?.group { return Node(.directory(.group(group)), in: node.branch) }
        case .control:
            return Node(.directory(.control))
        }
        throw FileTreeError(.stale, "the recording isn't in that directory any more")
    }
}
