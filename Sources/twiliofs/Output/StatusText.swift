import FileTree
import Foundation
import Threading

/// What `twiliofs status` prints: a mount's status for people.
struct StatusText {
    /// Widths that make the parts line up.
    private static let labelWidth = 12
    private static let barWidth = 30

    private let status: MountStatus
    private let emphasizes: Bool

    /// The text, without a newline at its end.
    private(set) var text = ""

    /// Writes the text.
    ///
    /// - Parameters:
    ///   - mountPoint: where it is mounted.
    ///   - emphasizes: whether what is wrong is shown in bold, for a terminal.
    init(_ status: MountStatus, mountPoint: String, emphasizes: Bool) {
        // Whoever serves the mount may be somebody else.
        let status = status.cleaned
        self.status = status
        self.emphasizes = emphasizes
        var lines = [
            label("account", status.account),
            label("mounted", "on \(mountPoint), \(Self.duration(status.time.timeIntervalSince(status.mounted))) ago"),
            label("version", status.version), "",
        ]
        lines += listLines(status.lists) + unreadableLines + [""]
        for account in status.accounts {
            lines += accountLines(account) + [""]
        }
        if !status.requests.isEmpty { lines += requestLines + hostLines + [""] }
        lines += activityLines
        text = lines.joined(separator: "\n")
    }

    // MARK: Lists

    private func listLines(_ lists: [String: MountStatus.List]) -> [String] {
        var table = TextTable([
            ("list", .left), ("state", .left), ("recordings", .right), ("sizes known", .right), ("bytes", .right),
        ])
        let lists = lists.sorted { $0.key < $1.key }
        for (name, list) in lists {
            table.add([
                name, list.state.rawValue, Self.count(list.recordings), list.sized.map(Self.count) ?? "-",
                "\(ByteSize(bytes: list.knownBytes))",
            ])
        }
        let rows = table.lines
        return rows.prefix(1)
            + zip(lists, rows.dropFirst()).flatMap { entry, row in
                [entry.value.error == nil ? row : emphasized(row)] + detailLines(of: entry.value)
            }
    }

    /// What is to be said of a list below its row.
    private func detailLines(of list: MountStatus.List) -> [String] {
        var lines: [String] = []
        if let error = list.error { lines.append(emphasized("  ! \(error)")) }
        if list.state == .syncing, let progress = progress(of: list) { lines.append("  \(progress)") }
        return lines
    }

    /// How far the pass under way is, as far as it can be told.
    private func progress(of list: MountStatus.List) -> String? {
        var words: [String] = []
        if let items = list.items, let rate = list.itemsPerSecond, let left = list.secondsLeft, rate > 0 {
            let share = Double(items) / (Double(items) + rate * left)
            let filled = Int((share * Double(Self.barWidth)).rounded(.down))
            let bar =
                String(repeating: "#", count: filled) + String(repeating: "-", count: Self.barWidth - filled)
            words.append("[\(bar)] \(Int((share * 100).rounded(.down)))%")
        }
        if let items = list.items { words.append("\(Self.count(items)) met") }
        if let pages = list.pages { words.append("\(Self.count(pages)) pages") }
        if let rate = list.itemsPerSecond { words.append("\(Self.count(Int64(rate.rounded())))/s") }
        if let left = list.secondsLeft { words.append("\(Self.duration(left)) left") }
        return words.isEmpty ? nil : words.joined(separator: ", ")
    }

    private func accountLines(_ account: MountStatus.Subaccount) -> [String] {
        let video =
            account.video == MountStatus.Subaccount.videoIsAvailable
            ? [] : [emphasized("  ! no video: \(account.video)")]
        return [label("subaccount", "\(account.sid) \(account.name)")] + video + listLines(account.lists)
    }

    private var unreadableLines: [String] {
        (status.unreadable ?? []).map { emphasized("  ! \($0.sentence)") }
    }

    // MARK: Requests

    private var requestLines: [String] {
        var table = TextTable([("host", .left), ("requests", .right), ("answers", .left)])
        let hosts = Dictionary(grouping: status.requests, by: \.host).sorted { $0.key < $1.key }
        for (host, counts) in hosts {
            let answers = counts.map { "\($0.status): \(Self.count($0.count))" }.joined(separator: ", ")
            table.add([host, Self.count(counts.map(\.count).sumSaturated()), answers])
        }
        let rows = table.lines
        return rows.prefix(1)
            + zip(hosts, rows.dropFirst()).map { $0.value.contains(where: Self.isRefusal) ? emphasized($1) : $1 }
    }

    private var hostLines: [String] {
        (status.hosts ?? []).flatMap { host -> [String] in
            var lines: [String] = []
            if host.state != "closed" {
                let next =
                    host.nextAttemptSeconds > 0
                    ? "next attempt in \(Self.duration(host.nextAttemptSeconds.rounded(.up)))"
                    : "an attempt is under way"
                lines.append("  ! \(host.host) can't be reached: \(host.error ?? "no reason is known"); \(next)")
            }
            if host.pausedSeconds > 0 {
                lines.append("  ! \(host.host) asks for a pause of \(Self.duration(host.pausedSeconds.rounded(.up)))")
            }
            return lines.map(emphasized)
        }
    }

    private static func isRefusal(_ count: MountStatus.RequestCount) -> Bool {
        count.status == "failed" || (Int(count.status) ?? 0) >= 400
    }

    // MARK: What it is doing

    private var activityLines: [String] {
        let (limiter, transfers, bytes) = (status.limiter, status.transfers, status.bytes)
        let waiting = transfers.waiting
        let pause = limiter.pausedSeconds > 0 ? ", paused for \(Self.duration(limiter.pausedSeconds))" : ""
        let lines = [
            label("limiter", "\(limiter.running) of \(limiter.limit) at once (\(limiter.maximum) at most)\(pause)"),
            label(
                "transfers",
                "\(transfers.running) running; waiting: \(waiting.reader) for readers, \(waiting.readAhead) for"
                    + " read-ahead, \(waiting.background) others; \(Self.count(transfers.retries)) repeated"),
            label(
                "sizes",
                "\(Self.count(Int64(status.probes.outstanding))) being learnt, \(Self.count(status.probes.learnt))"
                    + " learnt, \(Self.count(status.probes.failed)) failed"),
            label(
                "bytes",
                "\(ByteSize(bytes: bytes.fetched)) fetched, \(ByteSize(bytes: bytes.fromDiskCache)) from the disk cache,"
                    + " \(ByteSize(bytes: bytes.served)) served"),
            label(
                "open files",
                "\(status.openFiles); reads waiting: \(status.waitingReads), requests waiting: \(status.waitingRequests)"
            ),
            label(
                "memory",
                "\(ByteSize(bytes: Int64(status.memory.used))) of \(ByteSize(bytes: Int64(status.memory.granted)))"),
        ]
        return lines + integrityLines + errorLines
    }

    private var integrityLines: [String] {
        let counts = status.integrity
        let words = ["verified", "unverified", "failed", "none"].map { "\(Self.count(counts[$0] ?? 0)) \($0)" }
        let line = label("integrity", words.joined(separator: ", "))
        guard let failed = counts["failed"], failed > 0 else { return [line] }
        return [
            emphasized(line),
            emphasized(
                "  ! \(Self.count(failed)) \(failed == 1 ? "recording is" : "recordings are") not what was recorded"),
        ]
    }

    private var errorLines: [String] {
        [("media errors", status.errors.media), ("told errors", status.errors.system)].compactMap { name, counts in
            counts.isEmpty
                ? nil
                : label(
                    name,
                    counts.sorted { $0.key < $1.key }.map { "\($0): \(Self.count($1))" }.joined(separator: ", "))
        }
    }

    // MARK: Words

    private func label(_ name: String, _ value: String) -> String {
        name.padding(toLength: Self.labelWidth + 2, withPad: " ", startingAt: 0) + value
    }

    /// What is wrong, so that it is seen.
    private func emphasized(_ line: String) -> String {
        emphasizes ? "\u{1B}[1;31m\(line)\u{1B}[0m" : line
    }

    /// A number with its thousands apart.
    static func count(_ number: Int64) -> String {
        var digits = Array("\(number.magnitude)")
        for index in stride(from: digits.count - 3, to: 0, by: -3) { digits.insert(",", at: index) }
        return (number < 0 ? "-" : "") + String(digits)
    }

    /// A time in its two largest units.
    static func duration(_ seconds: Double) -> String {
        let whole = Int64(max(0, seconds.rounded()))
        let units: [(Int64, String)] = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")]
        let words = units.enumerated().compactMap { index, unit -> String? in
            let above = index == 0 ? Int64.max : units[index - 1].0
            let value = whole % above / unit.0
            return value > 0 ? "\(value) \(unit.1)" : nil
        }
        return words.isEmpty ? "0 s" : words.prefix(2).joined(separator: " ")
    }
}
