import Support
public import TwilioAPI

/// The nodes that the kernel knows, their numbers, and the revisions of their content.
///
/// Made before the tree, since the parts that report changes of media are.
public final class NodeRegistry: Sendable {
    /// The subaccounts in the order of their branches.
    let subaccounts: [SID]

    private let inodes: Locked<InodeTable>

    /// How often the media of a recording has changed, for those whose media has.
    private let revisions = Locked<[SID: Int]>([:])
    private let kernel: any KernelCache

    /// Makes a registry that knows the root alone.
    ///
    /// - Parameters:
    ///   - subaccounts: in the order of the branches that the tree is made from.
    ///   - kernel: the attributes that the kernel keeps, which changes expire.
    public init(subaccounts: [SID] = [], kernel: any KernelCache) {
        self.subaccounts = Array(subaccounts.prefix(BranchNumber.subaccountLimit))
        self.kernel = kernel
        inodes = Locked(InodeTable(subaccounts: self.subaccounts))
    }

    // MARK: Numbers and references

    /// The node that the kernel means.
    func node(_ inode: InodeNumber) throws(FileTreeError) -> Node {
        guard let node = knownNode(inode) else {
            throw FileTreeError(.stale, "the inode \(inode.rawValue) is not known any more")
        }
        return node
    }

    /// The node with a number; nil when the kernel doesn't know it.
    func knownNode(_ inode: InodeNumber) -> Node? { inodes.withLock { $0.node(of: inode) } }

    /// The directory that the kernel means.
    func directory(_ inode: InodeNumber) throws(FileTreeError) -> (directory: Directory, branch: BranchNumber) {
        let node = try node(inode)
        guard case .directory(let directory) = node.place else {
            throw FileTreeError(.notDirectory, "not a directory")
        }
        return (directory, node.branch)
    }

    /// The number of a node, whether or not the kernel knows it.
    func number(_ node: Node) -> InodeNumber { inodes.withLock { $0.number(of: node) } }

    /// Counts a reference that the kernel is given.
    func refer(to node: Node) {
        _ = inodes.withLock { $0.refer(to: node) }
    }

    /// Takes back references.
    func forget(_ inode: InodeNumber, count: UInt64) {
        inodes.withLock { $0.forget(inode, count: count) }
    }

    // MARK: Changes

    /// The number of a recording's media file, whether or not the kernel knows it.
    ///
    /// - Parameter account: to which it belongs; nil, or one that isn't a subaccount, for the mounted account.
    func inode(ofMedia sid: SID, of account: SID? = nil) -> InodeNumber? {
        sid.kind.map { number(Node(.media(sid, $0), in: branch(of: account))) }
    }

    /// The branch of an account: the mounted account's for nil, and for all that aren't subaccounts.
    func branch(of account: SID?) -> BranchNumber {
        BranchNumber(rawValue: UInt16(account.flatMap { subaccounts.firstIndex(of: $0) }.map { $0 + 1 } ?? 0))
    }

    /// How often the media of a recording has changed.
    func revision(of sid: SID) -> Int { revisions.withLock { $0[sid] ?? 0 } }

    /// The attributes that a file had before its recording went from the account; nil where none are kept.
    func attributes(ofRemoved inode: InodeNumber) -> Attributes? {
        inodes.withLock { $0.attributes(ofRemoved: inode) }
    }

    /// Takes in that the account doesn't have a recording any more.
    ///
    /// - Parameters:
    ///   - file: its media file.
    ///   - others: its other nodes.
    ///   - attributes: makes the file's attributes from its number, for programs that have it open; nil where they
    ///     aren't known.
    /// - Returns: the numbers of all, for ``expire(_:)``.
    func remove(_ file: Node, _ others: [Node], keeping attributes: ((InodeNumber) -> Attributes)?) -> [InodeNumber] {
        inodes.withLock { inodes in
            if let attributes { inodes.keep(attributes(inodes.number(of: file)), ofRemoved: file) }
            return ([file] + others).map { inodes.number(of: $0) }
        }
    }

    /// Has the kernel ask again for attributes.
    func expire(_ inodes: [InodeNumber]) {
        kernel.expire(inodes)
    }
}

extension NodeRegistry: MediaRecorderDelegate {
    /// Changes the time of the file by a nanosecond, so that the kernel drops its pages.
    public func mediaMayDiffer(_ sid: SID, of account: SID?) {
        revisions.withLock { $0[sid, default: 0] += 1 }
        if let inode = inode(ofMedia: sid, of: account) { expire([inode]) }
    }
}
