import Catalog
import Threading
import TwilioAPI

/// A name under which the kernel may still know something that has gone.
public struct StaleName: Hashable, Sendable {
    /// The directory that it was in.
    public let directory: InodeNumber

    /// The name.
    public let name: String

    /// What it named.
    public let inode: InodeNumber
}

/// What goes while the mount is open.
extension FileTree {
    /// Sets what is done with the names of recordings that the accounts don't have any more.
    ///
    /// - Parameter action: called on a thread that answers requests as well, so it must not wait for the kernel.
    public func onRemoval(_ action: @escaping @Sendable ([StaleName]) -> Void) {
        for (index, branch) in branches.enumerated() {
            let number = BranchNumber(rawValue: UInt16(index))
            branch.synchronizer.onRemoval { [weak self] removed in
                guard let self else { return }
                action(removed.flatMap { self.names(of: $0, in: number) })
            }
        }
    }

    /// All names that a recording had.
    ///
    /// The directory of a day, a call or a room that has become empty isn't among them: the kernel asks for its name
    /// again after a second.
    func names(of removed: RemovedEntry, in number: BranchNumber) -> [StaleName] {
        let (sid, kind) = (removed.sid, removed.kind)
        let file = "\(sid).\(removed.containerFormat)"
        var names: [(directory: Directory, name: String, place: Place)] = [
            (.media(kind), file, .media(sid, kind)), (.metadataOf(kind), "\(sid).json", .metadata(sid, kind)),
        ]
        if let date = removed.dateCreated {
            names.append((.date(DateSpan(dayOf: date)), file, .link(sid, kind, .date)))
        }
        if let group = removed.group {
            names.append((.group(group), file, .link(sid, kind, .group)))
        }
        return inodes.withLock { inodes in
            names.map { directory, name, place in
                StaleName(
                    directory: inodes.number(of: Node(.directory(directory), in: number)), name: name,
                    inode: inodes.number(of: Node(place, in: number)))
            }
        }
    }
}
