import Catalog
import Media
import Support
import Sync
import TwilioAPI

/// What goes while the mount is open.
extension FileTree {
    /// Sets what is done with the inodes of recordings that the accounts don't have any more.
    ///
    /// - Parameter action: is given every inode that a recording has had; called on a thread that answers requests as
    ///   well, so it must not wait for the kernel.
    public func onRemoval(_ action: @escaping @Sendable ([InodeNumber]) -> Void) {
        for (index, branch) in branches.enumerated() {
            let number = BranchNumber(rawValue: UInt16(index))
            branch.synchronizer.onRemoval { [weak self] removed in
                guard let self else { return }
                action(removed.flatMap { self.inodes(of: $0, in: number) })
            }
        }
    }

    /// All inodes that a recording had: its file, its resource, its links.
    private func inodes(of removed: RemovedEntry, in number: BranchNumber) -> [InodeNumber] {
        let (sid, kind) = (removed.sid, removed.kind)
        let file = Node(.media(sid, kind), in: number)
        let places: [Place] = [.metadata(sid, kind), .link(sid, kind, .date), .link(sid, kind, .group)]
        let size = parts.library.factsAtHand(sid)?.plaintextSize
        let time = removed.dateCreated ?? Self.unknownTime
        return inodes.withLock { inodes in
            if let size {
                let attributes = regular(number: inodes.number(of: file), size: size, modified: time, validity: 0)
                inodes.keep(attributes, ofRemoved: file)
            }
            return ([file] + places.map { Node($0, in: number) }).map { inodes.number(of: $0) }
        }
    }
}
