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
    /// Whether it contains a recording, whose kind must be one of ``kinds``.
    func holds(_ entry: CatalogEntry) -> Bool {
        switch self {
        case .media, .metadataOf: true
        case .date(let span): entry.dateCreated.map(span.interval.contains) ?? false
        case .group(let group): entry.group == group
        case .root, .metadata, .byDate, .byGroup, .accounts, .control: false
        }
    }

    /// The suffix of the name of a recording in it.
    func suffix(of entry: CatalogEntry) -> String {
        if case .metadataOf = self { "json" } else { entry.containerFormat }
    }

    /// The place of a recording in it.
    func place(of entry: CatalogEntry) -> Place {
        switch self {
        case .metadataOf: .metadata(entry.sid, entry.kind)
        case .date: .link(entry.sid, entry.kind, .date)
        case .group: .link(entry.sid, entry.kind, .group)
        case .root, .media, .metadata, .byDate, .byGroup, .accounts, .control: .media(entry.sid, entry.kind)
        }
    }
}

extension View {
    /// The target of the link to a recording: up to the branch's root, and down to the media file.
    func target(of entry: CatalogEntry) -> String {
        let way =
            switch self {
            case .date: "../../../../"
            case .group: "../../"
            }
        return "\(way)\(entry.kind.directoryName)/\(entry.sid).\(entry.containerFormat)"
    }
}
