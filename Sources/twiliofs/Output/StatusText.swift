import Foundation
import MountRuntime
import Support

/// The output of `twiliofs status`: a mount's status for people.
struct StatusText {
    /// Widths for aligned parts.
    private static let labelWidth = 15
    private static let barWidth = 30

    /// A cleaned line: another user's process may serve the mount.
    private struct Line {
        private let text: String
        private let isEmphasized: Bool

        init(_ text: String, isEmphasized: Bool = false) {
            self.text = ForeignText.singleLine(text)
            self.isEmphasized = isEmphasized
        }

        /// The line, in bold red if it is emphasized and the output supports that.
        func shown(emphasizes: Bool) -> String { isEmphasized && emphasizes ? "\u{1B}[1;31m\(text)\u{1B}[0m" : text }
    }

    private let status: MountStatus
    /// The text, without a newline at its end.
    private(set) var text = ""

    /// Writes the text; `emphasizes` shows errors in bold, for a terminal.
    init(_ status: MountStatus, mountPoint: String, emphasizes: Bool) {
        self.status = status
        var lines = [
            label("account", status.account),
            label("mounted", "on \(mountPoint), \(Self.duration(status.time.timeIntervalSince(status.mounted))) ago"),
            label("version", status.version), Line(""),
        ]
        lines += listLines(status.lists, status.calls) + unreadableLines + keyProcessLines + [Line("")]
        for account in status.accounts { lines += accountLines(account) + [Line("")] }
        if !status.requests.isEmpty { lines += requestLines + hostLines + [Line("")] }
        lines += activityLines
        text = lines.map { $0.shown(emphasizes: emphasizes) }.joined(separator: "\n")
    }

    // MARK: Lists

    /// The lists of an account, and that of its calls, which has no recordings.
    private func listLines(_ lists: [String: MountStatus.List], _ calls: MountStatus.Calls?) -> [Line] {
        var table = TextTable([
            ("list", .left), ("state", .left), ("recordings", .right), ("sizes known", .right), ("bytes", .right),
        ])
        let lists = lists.sorted { $0.key < $1.key }
        for (name, list) in lists {
            table.add([
                name, list.state, Self.count(list.recordings), list.sized.map(Self.count) ?? "-",
                "\(ByteSize(bytes: list.knownBytes))",
            ])
        }
        if let calls { table.add(["calls", calls.state, "-", "-", "-"]) }
        let rows = table.lines
        let lines =
            rows.prefix(1).map { Line($0) }
            + zip(lists, rows.dropFirst()).flatMap { entry, row in
                [Line(row, isEmphasized: entry.value.error != nil)] + detailLines(of: entry.value)
            }
        guard let calls, let row = rows.last else { return lines }
        return lines + [Line(row, isEmphasized: calls.error != nil)] + errorLine(calls.error)
    }

    private func errorLine(_ error: String?) -> [Line] { error.map { [emphasized("  ! \($0)")] } ?? [] }

    /// The details of a list below its row.
    private func detailLines(of list: MountStatus.List) -> [Line] {
        var lines = errorLine(list.error)
        if list.state == MountStatus.List.syncing, let progress = progress(of: list) {
            lines.append(Line("  \(progress)"))
        }
        return lines
    }

    /// The known progress of an incomplete list.
    private func progress(of list: MountStatus.List) -> String? {
        var words: [String] = []
        if let items = list.items, let rate = list.itemsPerSecond, let left = list.secondsLeft, rate > 0 {
            let share = min(max(Double(items) / (Double(items) + rate * left), 0), 1)
            let filled = min(Int(saturating: share * Double(Self.barWidth)), Self.barWidth)
            let bar = String(repeating: "#", count: filled) + String(repeating: "-", count: Self.barWidth - filled)
            words.append("[\(bar)] \(Int(saturating: share * 100))%")
        }
        if let items = list.items { words.append("\(Self.count(items)) listed") }
        if let pages = list.pages { words.append("\(Self.count(pages)) pages") }
        if let rate = list.itemsPerSecond { words.append("\(Self.count(Int64(saturating: rate.rounded())))/s") }
        if let left = list.secondsLeft { words.append("\(Self.duration(left)) left") }
        return words.isEmpty ? nil : words.joined(separator: ", ")
    }

    private func accountLines(_ account: MountStatus.Subaccount) -> [Line] {
        let video =
            account.video == MountStatus.Subaccount.videoIsAvailable
            ? [] : [emphasized("  ! no video: \(account.video)")]
        return [label("subaccount", "\(account.sid) \(account.name)")] + video + listLines(account.lists, account.calls)
    }

    private var unreadableLines: [Line] { (status.unreadable ?? []).map { emphasized("  ! \($0.sentence)") } }

    private var keyProcessLines: [Line] {
        guard status.keyProcess == KeyProcessState.ended.rawValue else { return [] }
        let lost = (status.lostKeys ?? []).map { emphasized("  ! lost: \($0.name)") }
        return [emphasized("  ! the process that holds the private keys has ended: see the log")] + lost
    }

    // MARK: Requests

    private var requestLines: [Line] {
        var table = TextTable([("host", .left), ("requests", .right), ("answers", .left)])
        let hosts = Dictionary(grouping: status.requests, by: \.host).sorted { $0.key < $1.key }
        for (host, counts) in hosts {
            let answers = counts.map { "\($0.status): \(Self.count($0.count))" }.joined(separator: ", ")
            table.add([host, Self.count(counts.map(\.count).sumSaturated()), answers])
        }
        let rows = table.lines
        return rows.prefix(1).map { Line($0) }
            + zip(hosts, rows.dropFirst()).map { Line($1, isEmphasized: $0.value.contains(where: Self.isRefusal)) }
    }

    private var hostLines: [Line] {
        (status.hosts ?? []).flatMap { host -> [Line] in
            var lines: [String] = []
            if host.state != "closed" {
                let next =
                    host.nextAttemptSeconds > 0
                    ? "next attempt in \(Self.duration(host.nextAttemptSeconds.rounded(.up)))"
                    : "an attempt is under way"
                lines.append("  ! \(host.host) can't be reached: \(host.error ?? "no reason is known"); \(next)")
            }
            if host.pausedSeconds > 0 {
                lines.append("  ! \(host.host) requested a pause of \(Self.duration(host.pausedSeconds.rounded(.up)))")
            }
            return lines.map(emphasized)
        }
    }

    private static func isRefusal(_ count: MountStatus.RequestCount) -> Bool {
        count.status == "failed" || (Int(count.status) ?? 0) >= 400
    }

    // MARK: Activity

    private var activityLines: [Line] {
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
                "probes",
                "\(Self.count(Int64(status.probes.outstanding))) outstanding, \(Self.count(status.probes.learnt))"
                    + " succeeded, \(Self.count(status.probes.failed)) failed"),
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

    private var integrityLines: [Line] {
        let counts = status.integrity
        let words = ["verified", "unverified", "failed", "none"].map { "\(Self.count(counts[$0] ?? 0)) \($0)" }
        let failed = counts["failed"] ?? 0
        let line = label("integrity", words.joined(separator: ", "), isEmphasized: failed > 0)
        guard failed > 0 else { return [line] }
        return [
            line,
            emphasized("  ! \(Self.count(failed)) \(failed == 1 ? "recording" : "recordings") failed authentication"),
        ]
    }

    private var errorLines: [Line] {
        [("media errors", status.errors.media), ("errors returned", status.errors.system)].compactMap {
            name, counts -> Line? in
            counts.isEmpty
                ? nil
                : label(
                    name,
                    counts.sorted { $0.key < $1.key }.map { "\($0): \(Self.count($1))" }.joined(separator: ", "))
        }
    }

    // MARK: Words

    private func label(_ name: String, _ value: String, isEmphasized: Bool = false) -> Line {
        Line(
            name.padding(toLength: Self.labelWidth + 2, withPad: " ", startingAt: 0) + value,
            isEmphasized: isEmphasized)
    }

    private func emphasized(_ line: String) -> Line { Line(line, isEmphasized: true) }

    /// A number with separated thousands.
    static func count(_ number: Int64) -> String {
        var digits = Array("\(number.magnitude)")
        for index in stride(from: digits.count - 3, to: 0, by: -3) { digits.insert(",", at: index) }
        return (number < 0 ? "-" : "") + String(digits)
    }

    /// A duration in its two largest units that aren't 0.
    static func duration(_ seconds: Double) -> String {
        let whole = max(0, Int64(saturating: seconds.rounded()))
        let units: [(Int64, String)] = [(86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")]
        let words = units.enumerated().compactMap { index, unit -> String? in
            let above = index == 0 ? Int64.max : units[index - 1].0
            let value = whole % above / unit.0
            return value > 0 ? "\(value) \(unit.1)" : nil
        }
        return words.isEmpty ? "0 s" : words.prefix(2).joined(separator: " ")
    }
}
