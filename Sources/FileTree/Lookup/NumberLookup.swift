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
    ///
    /// Waits only for a recording that the kernel knows, but the catalog doesn't have.
    func find(_ inode: InodeNumber, isParent: Bool, completion: @escaping TreeCompletion<Entry>) {
        let answer: @Sendable (Node, CatalogEntry?) throws(FileTreeError) -> Entry = {
            node, entry throws(FileTreeError) in
            let found = isParent ? (try parent(of: node, entry), nil) : (node, entry)
            branches[found.0.branch].synchronizer.noteUse()
            return try attributes.lookedUp(found.0, found.1, validity: Validity.short)
        }
        guard let node = nodes.knownNode(inode), let sid = node.place.recording else {
            return completion(
                Result { () throws(FileTreeError) in
                    if let node = nodes.knownNode(inode) { return try answer(node, nil) }
                    let (node, entry) = try restoredNode(inode)
                    return try answer(node, entry)
                })
        }
        branches[node.branch].whenFound(sid) { branch throws(FileTreeError) in
            try answer(node, try branch.entry(of: sid))
        } completion: {
            completion($0)
        }
    }

    /// The node with a number that the kernel doesn't know, and its recording's entry.
    private func restoredNode(_ inode: InodeNumber) throws(FileTreeError) -> (Node, CatalogEntry?) {
        // Read first: a list may become complete meanwhile, and a database may be replaced.
        let (epochs, isListed) = (epochs, mayTellAbsence(of: inode))
        do throws(CatalogError) {
            for candidate in try candidates(for: inode) where nodes.number(candidate.node) == inode {
                return (candidate.node, candidate.entry)
            }
        } catch {
            throw .catalog(error)
        }
        guard isListed, epochs == self.epochs else { throw .unlisted("inode \(inode.rawValue)") }
        throw FileTreeError(.stale, "the inode \(inode.rawValue) is not known")
    }

    private var epochs: [Int] { branches.all.map(\.catalog.epoch) }

    /// Whether the catalogs have all that a number may belong to.
    private func mayTellAbsence(of inode: InodeNumber) -> Bool {
        let (kinds, needsCalls): ([MediaKind], Bool) =
            switch inode.origin {
            case .recording(let kind, _, _): ([kind], false)
            case .link(let view, _): (Grouping.call.kinds, view == .caller || view == .callee)
            case .group(let grouping, _): (grouping.kinds, false)
            case .number, .mixed: (MediaKind.allCases, true)
            case .own: (inode.dateSpan == nil ? [] : MediaKind.allCases, false)
            case nil: ([], false)
            }
        return branches.all.allSatisfy { $0.isListed(kinds) && (!needsCalls || $0.areCallsListed) }
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
