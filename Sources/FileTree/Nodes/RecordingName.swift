import Catalog
import TwilioAPI

/// The parts of the name of a recording's file, resource or link.
struct RecordingName {
    let sid: SID
    /// The text after the first dot.
    let suffix: String

    /// Reads a name; nil if no recording can have it.
    init?(_ name: String) {
        let parts = name.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let sid = SID(parts[0]) else { return nil }
        self.sid = sid
        suffix = String(parts[1])
    }
}

/// Recordings in directories.
extension Directory {
    /// The suffix of the name of a recording in it.
    func suffix(of entry: CatalogEntry) -> String {
        if case .metadataOf = self { "json" } else { entry.containerFormat }
    }
}

extension View {
    /// The target of the link to a recording: up to the branch's root, and down to the media file.
    func target(of entry: CatalogEntry) -> String {
        let way =
            switch self {
            case .date: "../../../../"
            case .group, .conference, .caller, .callee: "../../"
            }
        return "\(way)\(entry.kind.directoryName)/\(entry.sid).\(entry.containerFormat)"
    }
}
