import TwilioAPI

/// A place in the tree.
enum Node: Hashable, Sendable {
    /// One of the directories, all of which are always there.
    case directory(Directory)

    /// The decrypted media of a recording.
    case media(SID, MediaKind)

    /// The resource of a recording, as JSON.
    case metadata(SID, MediaKind)

    /// A file about the mount itself.
    case control(ControlFile)
}

/// A directory of the tree.
enum Directory: Hashable, Sendable {
    case root
    case media(MediaKind)
    case metadata
    case metadataOf(MediaKind)
    case control

    /// The directory above; the root's is itself.
    var parent: Directory {
        switch self {
        case .root, .media, .metadata, .control: .root
        case .metadataOf: .metadata
        }
    }

    /// The kind whose list has to be complete before the directory can be listed; nil where none has.
    var listedKind: MediaKind? {
        switch self {
        case .media(let kind), .metadataOf(let kind): kind
        case .root, .metadata, .control: nil
        }
    }

    /// The directories and files in it that are always there, in the order of the listing.
    var fixedEntries: [(name: String, node: Node)] {
        switch self {
        case .root:
            MediaKind.allCases.map { ($0.directoryName, .directory(.media($0))) }
                + [("metadata", .directory(.metadata)), (".twiliofs", .directory(.control))]
        case .metadata:
            MediaKind.allCases.map { ($0.directoryName, .directory(.metadataOf($0))) }
        case .control:
            ControlFile.allCases.map { ($0.rawValue, .control($0)) }
        case .media, .metadataOf:
            []
        }
    }
}

/// A file about the mount itself; its name.
enum ControlFile: String, CaseIterable, Hashable, Sendable {
    case status = "status.json"
    case metrics
    case version
}

extension MediaKind {
    /// The name of the kind's directory.
    var directoryName: String {
        switch self {
        case .voiceRecording: "recordings"
        case .videoRecording: "video-recordings"
        case .composition: "compositions"
        }
    }
}
