/// The kinds of media that an account holds.
///
/// Whatever differs from kind to kind is a column of one table (``Traits``), so nothing else compares with a kind's
/// name. A further kind is a case here and a row there. Where numbers are used up, the program refuses to start until
/// there is room: inode numbers and places in a day (`FileTree`), the catalog's table of lists (`Catalog`).
public enum MediaKind: Int, CaseIterable, Sendable, Hashable, Codable {
    // The numbers are stored in catalogs and are part of inode numbers: they never change, and leave none out.

    /// A recording of a call, `RE…`.
    case voiceRecording = 1

    /// A recording of one track of a video room, `RT…`.
    case videoRecording = 2

    /// A composition of such tracks, `CJ…`.
    case composition = 3

    /// Finds the kind whose SIDs begin with some letters.
    init?(_ letters: SID.Letters) {
        guard let index = Self.table.firstIndex(where: { $0.sidLetters == letters }) else { return nil }
        self.init(rawValue: index + 1)
    }
}

// What other modules read of the table.
extension MediaKind {
    /// What recordings belong to.
    public enum Group: Sendable, Hashable {
        /// A call, `CA…`.
        case call

        /// A video room, `RM…`.
        case room

        /// The letters with which its SIDs begin.
        public var letters: SID.Letters {
            switch self {
            case .call: .call
            case .room: .room
            }
        }
    }

    /// Where the envelope of encrypted media is.
    public enum EnvelopePlace: Sendable, Hashable {
        /// In the resource: `encryption_details`.
        case resource

        /// In the headers of each answer with media.
        ///
        /// The resource may name the public key; only the media tells whether it is encrypted.
        case media
    }

    /// How media is had.
    public enum MediaAccess: Sendable, Hashable {
        /// The API serves it at an address of its own, with as many channels as are asked for.
        case direct

        /// The API redirects to a presigned address of limited life.
        case redirect
    }

    /// The container formats of media, as far as its first bytes tell them apart.
    public enum Containers: Sendable, Hashable {
        /// WAVE.
        case wave

        /// Matroska, WebM or MP4, whose index may be at the end.
        case video
    }

    /// The letters with which SIDs of this kind begin.
    public var sidLetters: SID.Letters { traits.sidLetters }

    /// The two letters with which SIDs of this kind begin, as text.
    public var sidPrefix: String { traits.sidLetters.description }

    /// The kind's name in messages, in the plural.
    public var pluralName: String { traits.pluralName }

    /// The kind's name on the command line.
    public var commandLineName: String { traits.commandLineName }

    /// The name of the kind's directory.
    public var directoryName: String { traits.directoryName }

    /// What recordings of this kind belong to.
    public var group: Group { traits.group }

    /// The letters of what recordings of this kind belong to: a call or a room.
    public var groupLetters: SID.Letters { traits.group.letters }

    /// The most resources that a page of the list has.
    public var largestPage: Int { traits.largestPage }

    /// The shortest interval by which the list is worth dividing, in seconds.
    public var listGranularity: Int64 { traits.dateFilter.granularity }

    /// The extensions of files, of which the first is that of a resource which tells none of them.
    ///
    /// Whatever a server says, nothing else becomes part of a file's name.
    public var formats: [String] { traits.formats }

    /// The container formats.
    public var containers: Containers { traits.containers }

    /// How media is had.
    public var mediaAccess: MediaAccess { traits.mediaAccess }

    /// Where the envelope of encrypted media is.
    public var envelopePlace: EnvelopePlace { traits.envelopePlace }
}
