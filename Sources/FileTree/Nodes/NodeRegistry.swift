import Support
public import TwilioAPI

/// The nodes that the kernel knows, their numbers, and the revisions of their content.
///
/// It exists before the tree, since the parts that report changes of media need it.
public final class NodeRegistry: Sendable {
    /// The subaccounts in the order of their branches.
    let subaccounts: [SID]
    private let inodes: Locked<InodeTable>
    /// The number of changes of a recording's media, for changed media only.
    private let revisions = Locked<[SID: Int]>([:])
    private let kernel: any KernelCache

    /// Makes a registry with the root alone.
    ///
    /// - Parameters:
    ///   - subaccounts: The subaccounts in the order of the tree's branches.
    ///   - kernel: The kernel's cache, whose attributes expire with changes.
    public init(subaccounts: [SID] = [], kernel: any KernelCache) {
        self.subaccounts = Array(subaccounts.prefix(BranchNumber.subaccountLimit))
        self.kernel = kernel
        inodes = Locked(InodeTable(subaccounts: self.subaccounts))
    }

    // MARK: Numbers and references

    /// The node with a number that the kernel knows.
    func node(_ inode: InodeNumber) throws(FileTreeError) -> Node {
        guard let node = knownNode(inode) else {
            throw FileTreeError(.stale, "the inode \(inode.rawValue) is not known any more")
        }
        return node
    }

    /// The node with a number; nil when the kernel doesn't know it.
    func knownNode(_ inode: InodeNumber) -> Node? { inodes.withLock { $0.node(of: inode) } }

    /// The directory with a number that the kernel knows.
    func directory(_ inode: InodeNumber) throws(FileTreeError) -> (directory: Directory, branch: BranchNumber) {
        let node = try node(inode)
        guard case .directory(let directory) = node.place else { throw FileTreeError(.notDirectory, "not a directory") }
        return (directory, node.branch)
    }

    /// The number of a node, even if the kernel doesn't know it.
    func number(_ node: Node) -> InodeNumber { inodes.withLock { $0.number(of: node) } }

    /// Counts a reference of the kernel.
    ///
    /// - Returns: The node's number from now on: another node may have got the one that it had before.
    @discardableResult
    func refer(to node: Node) -> InodeNumber { inodes.withLock { $0.refer(to: node) } }

    /// Takes back references.
    func forget(_ inode: InodeNumber, count: UInt64) { inodes.withLock { $0.forget(inode, count: count) } }

    // MARK: Changes

    /// The number of a recording's media file, even if the kernel doesn't know it.
    ///
    /// - Parameter account: Its account; nil, or no subaccount, for the mounted account.
    func inode(ofMedia sid: SID, of account: SID? = nil) -> InodeNumber? {
        sid.kind.map { number(Node(.media(sid, $0), in: branch(of: account))) }
    }

    /// The branch of an account; nil, or no subaccount, means the mounted account.
    func branch(of account: SID?) -> BranchNumber {
        BranchNumber(rawValue: UInt16(account.flatMap { subaccounts.firstIndex(of: $0) }.map { $0 + 1 } ?? 0))
    }

    /// The number of changes of a recording's media.
    func revision(of sid: SID) -> Int { revisions.withLock { $0[sid] ?? 0 } }

    /// The last attributes of a file removed from its account; nil where none are kept.
    func attributes(ofRemoved inode: InodeNumber) -> Attributes? { inodes.withLock { $0.attributes(ofRemoved: inode) } }

    /// Notes that the account doesn't have a recording any more.
    ///
    /// - Parameters:
    ///   - others: The recording's nodes besides its media file.
    ///   - attributes: Makes the file's attributes from its number, for programs with an open file; nil if unknown.
    /// - Returns: The numbers of all nodes, for ``expire(_:)``.
    func remove(_ file: Node, _ others: [Node], keeping attributes: ((InodeNumber) -> Attributes)?) -> [InodeNumber] {
        inodes.withLock { inodes in
            if let attributes { inodes.keep(attributes(inodes.number(of: file)), ofRemoved: file) }
            return ([file] + others).map { inodes.number(of: $0) }
        }
    }

    /// Has the kernel ask again for attributes.
    func expire(_ inodes: [InodeNumber]) { kernel.expire(inodes) }
}

extension NodeRegistry: MediaRecorderDelegate {
    /// Changes the time of the file by a nanosecond, so that the kernel drops its pages.
    public func mediaMayDiffer(_ sid: SID, of account: SID?) {
        revisions.withLock { $0[sid, default: 0] += 1 }
        if let inode = inode(ofMedia: sid, of: account) { expire([inode]) }
    }
}
