import Catalog
public import Support
import TwilioAPI

/// The links of the views.
extension FileTree {
    /// Where a symbolic link leads, relative to the directory that it is in.
    public func target(of inode: InodeNumber) throws(FileTreeError) -> String {
        let node = try node(inode)
        guard case .link(let sid, _, let view) = node.place else {
            throw FileTreeError(.invalid, "only symbolic links can be read as such")
        }
        return Self.target(of: try catalogEntry(sid, branch(node.branch)), from: view)
    }

    /// Where the link to a recording leads: up to the branch's root, and down to the media file.
    static func target(of entry: CatalogEntry, from view: View) -> String {
        let way =
            switch view {
            case .date: "../../../../"
            case .group: "../../"
            }
        return "\(way)\(entry.kind.directoryName)/\(entry.sid).\(entry.containerFormat)"
    }
}
