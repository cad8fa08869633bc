/// The kinds of media that an account holds.
///
/// All properties that differ between kinds are columns of one table (``Traits``); no code compares kinds by name. A
/// new kind is a case here and a row there. The program refuses to start when there are more kinds than fit into inode
/// numbers and cookies (`FileTree`) or the catalog's table of lists (`Catalog`).
public enum MediaKind: Int, CaseIterable, Sendable, Hashable, Codable {
    // The numbers are stored in catalogs and are part of inode numbers: they never change and leave no gaps.

    /// A recording of a call, `RE…`.
    case voiceRecording = 1
    /// A recording of one track of a video room, `RT…`.
    case videoRecording = 2
    /// A composition of such tracks, `CJ…`.
    case composition = 3

    /// Finds the kind with these SID letters.
    init?(_ letters: SID.Letters) {
        guard let index = Self.table.firstIndex(where: { $0.sidLetters == letters }) else { return nil }
        self.init(rawValue: index + 1)
    }
}

// The public columns of the table.
extension MediaKind {
    /// The source of recordings.
    public enum Group: Sendable, Hashable {
        /// A call, `CA…`.
        case call
        /// A video room, `RM…`.
        case room

        /// The first letters of its SIDs.
        public var letters: SID.Letters {
            switch self {
            case .call: .call
            case .room: .room
            }
        }
    }

    /// The place of the envelope of encrypted media.
    public enum EnvelopePlace: Sendable, Hashable {
        /// In the resource: `encryption_details`.
        case resource
        /// In the headers of each media response; the resource may only name the public key.
        case media
    }

    /// The way to the media.
    public enum MediaAccess: Sendable, Hashable {
        /// The API serves it at its own address, with the requested number of channels.
        case direct
        /// The API redirects to a presigned address with a limited lifetime.
        case redirect
    }

    /// The container formats of media, which the first bytes identify.
    public enum Containers: Sendable, Hashable {
        /// WAVE.
        case wave
        /// Matroska, WebM or MP4, whose index may be at the end.
        case video
    }

    /// The kinds whose recordings belong to calls.
    public static let ofCalls = allCases.filter { $0.group == .call }
    /// The kinds whose recordings belong to rooms.
    public static let ofRooms = allCases.filter { $0.group == .room }

    /// The first two letters of SIDs of this kind.
    public var sidLetters: SID.Letters { traits.sidLetters }
    /// The first two letters of SIDs of this kind, as text.
    public var sidPrefix: String { traits.sidLetters.description }
    /// The kind's name in messages, in the plural.
    public var pluralName: String { traits.pluralName }
    /// The kind's name on the command line.
    public var commandLineName: String { traits.commandLineName }
    /// The name of the kind's directory.
    public var directoryName: String { traits.directoryName }
    /// The source of recordings of this kind.
    public var group: Group { traits.group }
    /// The first letters of the source's SIDs: a call's or a room's.
    public var groupLetters: SID.Letters { traits.group.letters }
    /// The largest number of resources in a page of the list.
    public var largestPage: Int { traits.largestPage }
    /// The shortest useful interval for dividing the list, in seconds.
    public var listGranularity: Int64 { traits.dateFilter.granularity }

    /// The allowed extensions of files; the first one is used for a resource without a format.
    ///
    /// No other text from a server becomes part of a file name.
    public var formats: [String] { traits.formats }

    /// The container formats.
    public var containers: Containers { traits.containers }
    /// The way to the media.
    public var mediaAccess: MediaAccess { traits.mediaAccess }
    /// The place of the envelope of encrypted media.
    public var envelopePlace: EnvelopePlace { traits.envelopePlace }
}
