/// What of a kind's traits decides how its resources are read: looked up once for a page, not for each field.
struct ResourceForm: Sendable {
    let kind: MediaKind
    let sidLetters: SID.Letters
    let groupLetters: SID.Letters
    let group: MediaKind.Group
    let envelopePlace: MediaKind.EnvelopePlace

    /// Whether the resource has the fields of the video API.
    let isVideo: Bool

    /// Whether the resource is of a track, whose type decides where its format is missing.
    let isTrack: Bool

    /// Looks a kind's traits up.
    init(_ kind: MediaKind) {
        self.kind = kind
        sidLetters = kind.sidLetters
        groupLetters = kind.groupLetters
        group = kind.group
        envelopePlace = kind.envelopePlace
        isVideo = kind.traits.service == .video
        isTrack = kind.traits.audioFormat != nil
    }
}
