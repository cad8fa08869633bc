import Catalog
import Support
import TwilioAPI

/// The paths of nodes, for messages.
extension Branches {
    /// The path of a node below the mount point (`.` for the root), and its recording.
    func location(of node: Node) -> (path: String, recording: SID?) {
        var names = node.branch == .main ? [] : ["accounts", self[node.branch].account.description]
        let recording: SID?
        switch node.place {
        case .directory(let directory):
            names += directory.names
            recording = nil
        case .control(let file):
            names += Directory.control.names + [file.rawValue]
            recording = nil
        case .media(let sid, _), .metadata(let sid, _), .link(let sid, _, _):
            // The catalog may be unreadable: the message may be about that.
            let entry = try? self[node.branch].catalog.entry(of: sid)
            names += Self.names(of: node.place, sid, entry)
            recording = sid
        }
        return (names.isEmpty ? "." : names.joined(separator: "/"), recording)
    }

    private static func names(of place: Place, _ sid: SID, _ entry: CatalogEntry?) -> [String] {
        let file = entry.map { "\(sid).\($0.containerFormat)" } ?? "\(sid)"
        return switch place {
        case .metadata(_, let kind): Directory.metadataOf(kind).names + ["\(sid).json"]
        case .link(_, _, .date): (entry?.dateCreated.map { Directory.date(DateSpan(dayOf: $0)).names } ?? []) + [file]
        case .link(_, _, .group): (entry?.group.map { Directory.group($0).names } ?? []) + [file]
        case .media(_, let kind): Directory.media(kind).names + [file]
        case .directory, .control: [file]
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
