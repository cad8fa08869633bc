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
        let names = node.branch == .main ? [] : Directory.accounts.names + [branch.account.description]
        let path = (names + node.place.names(entry)).joined(separator: "/")
        return (path.isEmpty ? "." : path, node.place.recording)
    }
}

extension Place {
    /// The names of its path below the branch's root; without the directory of a link whose entry isn't known.
    fileprivate func names(_ entry: CatalogEntry?) -> [String] {
        let parents = parent(entry)?.names ?? []
        return switch self {
        case .directory(let directory): directory.names
        case .control(let file): parents + [file.rawValue]
        case .metadata(let sid, _): parents + ["\(sid).json"]
        case .media(let sid, _), .link(let sid, _, _):
            parents + ["\(sid)" + (entry.map { ".\($0.containerFormat)" } ?? "")]
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
        case .accounts: ["accounts"]
        case .control: [".twiliofs"]
        }
    }
}
