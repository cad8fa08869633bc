/// The traits of a kind that matter for reading its resources, looked up once a page.
struct ResourceForm: Sendable {
    let kind: MediaKind
    let sidLetters: SID.Letters
    let groupLetters: SID.Letters
    let group: MediaKind.Group
    let envelopePlace: MediaKind.EnvelopePlace

    /// Whether the resource has the fields of the video API.
    let isVideo: Bool
    /// Whether the resource is a track, whose type replaces a missing format.
    let isTrack: Bool

    /// Looks up a kind's traits.
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
