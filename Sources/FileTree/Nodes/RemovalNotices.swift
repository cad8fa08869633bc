import Catalog
import Media
import Support
import TwilioAPI

/// Has the kernel drop the recordings that an account doesn't have any more.
struct RemovalNotices: Sendable {
    let nodes: NodeRegistry
    let library: MediaLibrary
    let ownership: Ownership

    /// Expires all inodes that recordings had: their files, their resources, their links.
    func report(_ removed: [RemovedEntry], in number: BranchNumber) {
        nodes.expire(removed.flatMap { inodes(of: $0, in: number) })
    }

    private func inodes(of removed: RemovedEntry, in number: BranchNumber) -> [InodeNumber] {
        let (sid, kind) = (removed.sid, removed.kind)
        let others: [Place] = [.metadata(sid, kind), .link(sid, kind, .date), .link(sid, kind, .group)]
        let size = library.factsAtHand(sid)?.plaintextSize
        let time = removed.dateCreated ?? Attributes.unknownTime
        let attributes = size.map { [ownership] size in
            { Attributes(regular: $0, ownership, size: size, modified: time, validity: 0) }
        }
        return nodes.remove(
            Node(.media(sid, kind), in: number), others.map { Node($0, in: number) }, keeping: attributes)
    }
}
