import Catalog
import TwilioAPI

/// The names of the links in all views.
public enum LinkNames: String, CaseIterable, Hashable, Sendable {
    /// The names of the files: `RE….wav`.
    case sid
    /// Names for people: `09-12-33 +493012345 → +498976543 RE….wav`.
    case readable
}

/// The names of recordings in directories.
struct EntryNames: Sendable {
    /// The names of links; files and resources are always named by their SIDs.
    let style: LinkNames

    /// Whether the names in a directory tell more than SIDs.
    func areReadable(in directory: Directory) -> Bool { style == .readable && directory.hasLinks }

    /// The name of a recording in a directory.
    ///
    /// - Parameter call: The call of the recording, if known.
    func name(of entry: CatalogEntry, in directory: Directory, call: CallDescription?) -> String {
        areReadable(in: directory)
            ? ReadableName(of: entry, call: call, hasDate: !directory.isDay).text
            : "\(entry.sid).\(directory.suffix(of: entry))"
    }

    /// The recording and the suffix of a name in a directory; nil if no recording can have the name.
    ///
    /// Whether the rest of a readable name is right is for the caller to see.
    func recording(named name: String, in directory: Directory) -> RecordingName? {
        guard areReadable(in: directory) else { return RecordingName(name) }
        return name.split(separator: " ", omittingEmptySubsequences: false).last.flatMap { RecordingName(String($0)) }
    }

    /// Whether a name is the one that listings had before the call of a recording was known: a program that has read
    /// such a listing still finds it.
    func isEarlier(_ name: String, of entry: CatalogEntry, in directory: Directory) -> Bool {
        areReadable(in: directory) && name == self.name(of: entry, in: directory, call: nil)
    }

    /// Whether a recording keeps its name in a directory: one that tells who speaks changes when that is learnt.
    func isFinal(_ entry: CatalogEntry, in directory: Directory, call: CallDescription?) -> Bool {
        !areReadable(in: directory) || entry.kind.group != .call || entry.group == nil || call != nil
    }
}

extension Directory {
    /// Whether it has links to recordings.
    var hasLinks: Bool {
        switch self {
        case .date, .group, .number: true
        case .root, .media, .metadata, .metadataOf, .byDate, .byGroup, .byNumber, .accounts, .control: false
        }
    }

    /// Whether it has links and no directories.
    var isLeaf: Bool { hasLinks && (isDay || !isDate) }

    private var isDate: Bool { if case .date = self { true } else { false } }

    /// Whether it is one of the directories of telephone numbers.
    var needsCalls: Bool {
        switch self {
        case .byNumber, .number: true
        default: false
        }
    }

    /// Whether it is a day, whose links needn't name the date.
    var isDay: Bool { if case .date(let span) = self { span.unit == .day } else { false } }
}
