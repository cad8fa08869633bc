public import Catalog
public import Media
public import Sync
public import TwilioAPI

/// Has the kernel drop the recordings removed from an account.
public struct RemovalNotices: SynchronizerDelegate {
    private let nodes: NodeRegistry
    private let library: MediaLibrary
    private let ownership: Ownership

    /// Makes the notices for the nodes of a mount.
    public init(nodes: NodeRegistry, library: MediaLibrary, ownership: Ownership) {
        (self.nodes, self.library, self.ownership) = (nodes, library, ownership)
    }

    /// Expires the inodes of removed recordings: files, resources, links.
    public func recordingsWereRemoved(_ removed: [RemovedEntry], from account: SID) {
        let number = nodes.branch(of: account)
        nodes.expire(removed.flatMap { inodes(of: $0, in: number) })
    }

    private func inodes(of removed: RemovedEntry, in number: BranchNumber) -> [InodeNumber] {
        let (sid, kind) = (removed.sid, removed.kind)
        let others: [Place] = [.metadata(sid, kind)] + View.all(of: kind).map { .link(sid, kind, $0) }
        let size = library.factsAtHand(sid)?.plaintextSize
        let time = removed.dateCreated ?? Attributes.unknownTime
        let attributes = size.map { [ownership] size in
            { Attributes(regular: $0, ownership, size: size, modified: time, validity: 0) }
        }
        return nodes.remove(
            Node(.media(sid, kind), in: number), others.map { Node($0, in: number) }, keeping: attributes)
    }
}
