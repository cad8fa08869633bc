extension MediaKind {
    /// A row of the table: all properties that differ between kinds.
    struct Traits: Sendable {
        let sidLetters: SID.Letters
        let pluralName: String
        let commandLineName: String
        let directoryName: String
        let group: Group

        /// The API that serves the list.
        let service: TwilioService
        /// The path of an account's list, a prefix of its resources' paths.
        let listPath: @Sendable (_ account: SID) -> String
        /// The name of the array in a page of the list.
        let pageKey: String
        let largestPage: Int
        let dateFilter: DateFilter
        let formats: [String]

        /// The extension for a track of type `audio` without a format; nil for kinds without tracks.
        let audioFormat: String?
        let containers: Containers
        let mediaAccess: MediaAccess
        let envelopePlace: EnvelopePlace
    }

    /// The filter that limits a list to an interval.
    enum DateFilter: Sendable {
        /// By days: `DateCreated>` and `DateCreated<`.
        case days
        /// By seconds: `DateCreatedAfter` and `DateCreatedBefore`.
        case seconds

        /// The shortest useful interval for dividing a list, in seconds.
        var granularity: Int64 {
            switch self {
            case .days: CalendarDay.secondCount
            case .seconds: 60
            }
        }
    }

    /// The kind's row.
    ///
    /// Other modules get columns only: reading one takes 10 ns, copying a row 100 ns.
    var traits: Traits { Self.table[rawValue - 1] }

    /// The rows, in the order of the kinds' numbers.
    static let table: [Traits] = allCases.map { kind in
        switch kind {
        case .voiceRecording:
            Traits(
                sidLetters: SID.Letters("R", "E"), pluralName: "voice recordings", commandLineName: "voice",
                directoryName: "recordings", group: .call, service: .api2010,
                listPath: { "/2010-04-01/Accounts/\($0)/Recordings" }, pageKey: "recordings", largestPage: 1000,
                dateFilter: .days, formats: ["wav"], audioFormat: nil, containers: .wave, mediaAccess: .direct,
                envelopePlace: .resource)
        case .videoRecording:
            Traits(
                sidLetters: SID.Letters("R", "T"), pluralName: "video recordings", commandLineName: "video",
                directoryName: "video-recordings", group: .room, service: .video,
                listPath: { _ in "/v1/Recordings" }, pageKey: "recordings", largestPage: 100,
                dateFilter: .seconds, formats: ["mkv", "mka"], audioFormat: "mka", containers: .video,
                mediaAccess: .redirect, envelopePlace: .media)
        case .composition:
            Traits(
                sidLetters: SID.Letters("C", "J"), pluralName: "compositions", commandLineName: "compositions",
                directoryName: "compositions", group: .room, service: .video,
                listPath: { _ in "/v1/Compositions" }, pageKey: "compositions", largestPage: 100,
                dateFilter: .seconds, formats: ["mp4", "webm"], audioFormat: nil, containers: .video,
                mediaAccess: .redirect, envelopePlace: .media)
        }
    }
}

/// The APIs that serve lists, each with its own form of resources.
enum TwilioService: Sendable {
    /// The 2010 API: `https://api.twilio.com`.
    case api2010
    /// The video API: `https://video.twilio.com`.
    case video

    /// The suffix of the path of a list or a resource.
    var pathSuffix: String {
        switch self {
        case .api2010: ".json"
        case .video: ""
        }
    }
}
