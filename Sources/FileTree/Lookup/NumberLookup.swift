import Catalog
import Support
import Sync
import TwilioAPI

/// Finds nodes by their numbers.
///
/// A file handle (`name_to_handle_at(2)`, NFS) contains a number and outlives the kernel's memory and the mount. Most
/// numbers determine their node. The number of a node whose preferred number was taken doesn't: its handle is stale
/// once the kernel has forgotten the node.
struct NumberLookup: Sendable {
    let branches: Branches
    let nodes: NodeRegistry
    let attributes: AttributeProvider

    /// Finds a node or its parent directory; counts the reference.
    func find(_ inode: InodeNumber, isParent: Bool) throws(FileTreeError) -> Entry {
        var found = try restoredNode(inode)
        if isParent { found = (try parent(of: found.node, found.entry), nil) }
        branches[found.node.branch].synchronizer.noteUse()
        return try attributes.lookedUp(found.node, found.entry, validity: Validity.short)
    }

    /// The node with a number, even if the kernel doesn't know it, and its recording's entry.
    private func restoredNode(_ inode: InodeNumber) throws(FileTreeError) -> (node: Node, entry: CatalogEntry?) {
        if let node = nodes.knownNode(inode) {
            return (node, try node.place.recording.map(branches[node.branch].entry(of:)))
        }
        do throws(CatalogError) {
            for candidate in try candidates(for: inode) where nodes.number(candidate.node) == inode { return candidate }
        } catch {
            throw .catalog(error)
        }
        throw FileTreeError(.stale, "the inode \(inode.rawValue) is not known")
    }

    /// The nodes that may prefer a number.
    private func candidates(for inode: InodeNumber) throws(CatalogError) -> [(node: Node, entry: CatalogEntry?)] {
        var found: [(Node, CatalogEntry?)] = []
        switch inode.origin {
        case .recording(let kind, let digits, let place):
            for number in branches.numbers {
                for entry in try branches[number].catalog.entries(of: kind, digits: digits) {
                    found.append((Node(place(entry.sid), in: number), entry))
                }
            }
        case .link(let view, let digits):
            for number in branches.numbers {
                for kind in Grouping.call.kinds {
                    for entry in try branches[number].catalog.entries(of: kind, digits: digits) {
                        let node = Node(.link(entry.sid, kind, view), in: number)
                        if try branches[number].parent(of: node.place, entry) != nil { found.append((node, entry)) }
                    }
                }
            }
        case .number(let group):
            if try hasRecordings(group, in: branches[.main]) {
                found.append((Node(.directory(.number(group))), nil))
            }
        case .group(let grouping, let digits):
            for number in branches.numbers {
                for group in try grouping.groups(in: branches[number].catalog, digits: digits) {
                    found.append((Node(.directory(.group(group)), in: number), nil))
                }
            }
        case .own:
            found = branches.fixedNodes(of: .main).map { ($0, nil) }
            if let span = inode.dateSpan, try branches[.main].catalog.hasEntries(createdIn: span.interval) {
                found.append((Node(.directory(.date(span))), nil))
            }
        case .mixed:
            for number in branches.numbers.dropFirst() {
                found += branches.fixedNodes(of: number).map { ($0, nil) }
                let spans = try DateView(branch: branches[number]).allSpans()
                found += spans.map { (Node(.directory(.date($0)), in: number), nil) }
                let subaccount = nodes.subaccounts[Int(number.rawValue) - 1]
                for group in inode.numberGroups(of: subaccount) where try hasRecordings(group, in: branches[number]) {
                    found.append((Node(.directory(.number(group)), in: number), nil))
                }
            }
        case nil: break
        }
        return found
    }

    /// Whether a branch has a directory of a telephone number.
    private func hasRecordings(_ group: NumberGroup, in branch: Branch) throws(CatalogError) -> Bool {
        guard branch.synchronizer.hasCalls else { return false }
        return try branch.catalog.groups.oldest(of: group) != nil
    }

    /// The directory of a node.
    private func parent(of node: Node, _ entry: CatalogEntry?) throws(FileTreeError) -> Node {
        if case .directory(let directory) = node.place { return branches.parent(of: directory, in: node.branch) }
        let branch = branches[node.branch]
        let parent = try branch.query { _ throws(CatalogError) in try branch.parent(of: node.place, entry) }
        guard let parent else {
            throw FileTreeError(.stale, "the recording isn't in that directory any more")
        }
        return Node(.directory(parent), in: node.branch)
    }
}
