import ArgumentParser
import Catalog
import FileTree
import Support
import Sync
import TwilioAPI

/// The options for a mount's recordings, and for the interval of requests for new ones.
struct WindowOptions: ParsableArguments {
    @Option(
        help: .value(
            "date", "Show only recordings created on or after this date.",
            note: "A day, 2026-11-21, in UTC, or a time, 2026-11-21T09:00:00Z."),
        transform: DateBound.parse)
    var since: DateBound?

    @Option(
        help: .value("date", "Show only recordings created on or before this day, or before this time."),
        transform: DateBound.parse)
    var until: DateBound?

    @Option(
        help: .value(
            "kinds", "Show only these kinds: \(KindList.names(joinedBy: "and")), separated by commas.", default: "all"),
        transform: KindList.parse)
    var kinds = Set(MediaKind.allCases)

    @Option(
        help: .value(
            "seconds", "Interval of requests for new recordings while the mount is in use; 0: only when mounting.",
            default: "\(MountDefaults.refresh)", note: "At most \(RefreshInterval.limit), a year."),
        transform: RefreshInterval.parse)
    var refresh = MountDefaults.refresh

    @Flag(
        inversion: .prefixedNo,
        help: ArgumentHelp(
            "Fetch the calls of voice recordings, which tell who speaks.",
            discussion: "Otherwise there are neither numbers of callers nor the directory by-number."))
    var calls = true

    @Option(
        help: .value(
            "style", "Names of the links in by-date and the other views: sid or readable.",
            default: LinkNames.sid.rawValue),
        transform: LinkNames.parse)
    var linkNames = LinkNames.sid

    @Flag(
        inversion: .prefixedNo,
        help: ArgumentHelp(
            "Probe unknown sizes in the background, while the mount is in use.",
            discussion: "Otherwise each size is probed when a program asks for it."))
    var probing = true

    /// The recordings to show.
    func window() throws(Failure) -> CatalogWindow {
        if let since, let until, since.start >= until.end {
            throw Failure(
                .configuration,
                "--since \(since.text) is not before the end of --until \(until.text): no recording can match")
        }
        return CatalogWindow(kinds: kinds, interval: CreationInterval(from: since?.start, until: until?.end))
    }

    /// The settings for updates of lists.
    var settings: SyncSettings {
        SyncSettings(refreshInterval: refresh == 0 ? nil : .seconds(refresh), fetchesCalls: calls)
    }
}

extension LinkNames {
    /// Reads a style from the command line.
    static func parse(_ text: String) throws -> LinkNames {
        guard let names = LinkNames(rawValue: text) else {
            throw ValidationError("'\(text)' is not a style of names: give sid or readable")
        }
        return names
    }
}

/// A day or a time, the argument of `--since` and `--until`.
struct DateBound: Hashable, Sendable {
    /// The argument.
    let text: String
    /// The day's first second, or the time.
    let start: Timestamp
    /// The first second after the day, or the time.
    let end: Timestamp

    /// Reads a day (`YYYY-MM-DD`, in UTC) or a time (RFC 3339); nil for anything else.
    init?(_ text: String) {
        self.text = text
        if let midnight = Timestamp("\(text)T00:00:00Z") {
            let day = CalendarDay(containing: midnight).interval
            (start, end) = (day.lowerBound, day.upperBound)
        } else if text.dropFirst(4).first == "-", let time = Timestamp(text) {
            // Timestamp also reads voice's RFC 2822 times, which have no hyphen there.
            (start, end) = (time, time)
        } else {
            return nil
        }
    }

    /// Reads a date from the command line.
    static func parse(_ text: String) throws -> DateBound {
        guard let date = DateBound(text) else {
            throw ValidationError(
                "'\(text)' is neither a day such as 2026-11-21 nor a time such as 2026-11-21T09:00:00Z")
        }
        return date
    }
}

/// Kinds of recordings, the argument of `--kinds`.
enum KindList {
    /// The names of all kinds, enumerated for a sentence.
    static func names(joinedBy conjunction: String) -> String {
        let names = MediaKind.allCases.map(\.commandLineName)
        return "\(names.dropLast().joined(separator: ", ")) \(conjunction) \(names.last ?? "")"
    }

    /// Reads kinds from the command line.
    static func parse(_ text: String) throws -> Set<MediaKind> {
        let kinds = try text.split(separator: ",", omittingEmptySubsequences: false).map { name in
            guard let kind = MediaKind.allCases.first(where: { $0.commandLineName == name }) else {
                throw ValidationError(
                    "'\(name)' is not a kind: give \(names(joinedBy: "or")), separated by commas")
            }
            return kind
        }
        return Set(kinds)
    }
}

/// The interval of requests for new recordings, in seconds, the argument of `--refresh`; 0 for never.
enum RefreshInterval {
    /// A year.
    static let limit = 31_536_000

    /// Reads an interval from the command line.
    static func parse(_ text: String) throws -> Int {
        guard let seconds = Int(text), (0...limit).contains(seconds) else {
            throw ValidationError("'\(text)' is not a number of seconds from 0 to \(limit)")
        }
        return seconds
    }
}
