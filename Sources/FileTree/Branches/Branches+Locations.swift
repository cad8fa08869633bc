import Catalog
import Support
import TwilioAPI

/// The paths of nodes, for messages.
extension Branches {
    /// The path of a node below the mount point (`.` for the root), and its recording.
    func location(of node: Node) -> (path: String, recording: SID?) {
        let branch = self[node.branch]
        // The catalog may be unreadable: the message may be about that.
        let entry = node.place.recording.flatMap { try? branch.catalog.entry(of: $0) }
        let parent = (try? branch.parent(of: node.place, entry)) ?? nil
        let names = node.branch == .main ? [] : Directory.accounts.names + [branch.account.description]
        let path = (names + self.names(of: node.place, entry, in: parent, branch)).joined(separator: "/")
        return (path.isEmpty ? "." : path, node.place.recording)
    }

    /// The names of a path below the branch's root; without the directory of a link whose entry isn't known.
    private func names(
        of place: Place, _ entry: CatalogEntry?, in parent: Directory?, _ branch: Branch
    ) -> [String] {
        let parents = parent?.names ?? []
        switch place {
        case .directory(let directory): return directory.names
        case .control(let file): return parents + [file.rawValue]
        case .metadata(let sid, _): return parents + ["\(sid).json"]
        case .media(let sid, _), .link(let sid, _, _):
            guard let entry else { return parents + ["\(sid)"] }
            let call = (try? branch.call(of: entry)) ?? nil
            return parents + [self.names.name(of: entry, in: parent ?? .media(entry.kind), call: call)]
        }
    }
}

extension Directory {
    /// The names of its path below the branch's root.
    fileprivate var names: [String] {
        switch self {
        case .root: []
        case .media(let kind): [kind.directoryName]
        case .metadata: ["metadata"]
        case .metadataOf(let kind): parent.names + [kind.directoryName]
        case .byDate: ["by-date"]
        case .date(let span): parent.names + [span.name]
        case .byGroup(let grouping): [grouping.rawValue]
        case .group(let sid): parent.names + [sid.description]
        case .byNumber: ["by-number"]
        case .number(let number): parent.names + [number.name]
        case .accounts: ["accounts"]
        case .control: [".twiliofs"]
        }
    }
}
