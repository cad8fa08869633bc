import FoundationEssentials
import Support

/// The lifetime of a presigned address, as far as its query tells it.
///
/// Known are signatures of AWS and Google in version 4 (`X-Amz-Date` and `X-Amz-Expires`), and the time `Expires` of
/// older ones and of CloudFront. The query comes from a server, so other values tell nothing.
struct AddressLifetime: Equatable {
    /// The longest time that an address is left unused at the end of its lifetime.
    ///
    /// Its request may wait for a connection, and clocks of servers differ.
    private static let longestMargin = 10.0
    /// The shortest such time.
    private static let shortestMargin = 0.25
    /// The resolution of the times in an address and in the field `Date`.
    private static let resolution = 1.0
    /// The longest lifetime that is believed: a signature in version 4 lasts for a week at most.
    private static let longest: Int64 = 366 * 86_400

    /// The time of the signature; nil where the address tells its end alone.
    let start: Date?
    /// The time from which on a server refuses it.
    let end: Date

    /// Reads the query of an address; nil when it tells no lifetime.
    init?(_ url: URL) {
        guard let query = url.query(percentEncoded: true) else { return nil }
        var fields: [String: Substring] = [:]
        for field in query.split(separator: "&") {
            let parts = field.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { continue }
            fields[parts[0].lowercased()] = parts[1]
        }
        for signer in ["amz", "goog"] {
            guard let date = fields["x-\(signer)-date"], let length = fields["x-\(signer)-expires"] else { continue }
            guard let start = Self.time(date), let seconds = Int64(digits: length), seconds <= Self.longest else {
                return nil
            }
            (self.start, end) = (start, start.addingTimeInterval(Double(seconds)))
            return
        }
        guard let text = fields["expires"], let seconds = Int64(digits: text), Bounds.times.contains(seconds) else {
            return nil
        }
        (start, end) = (nil, Date(timeIntervalSince1970: Double(seconds)))
    }

    /// Reads a time such as `20261121T093000Z`.
    private static func time(_ text: Substring) -> Date? {
        let text = text.utf8
        guard text.count == 16, text.dropFirst(8).first == UInt8(ascii: "T"), text.last == UInt8(ascii: "Z") else {
            return nil
        }
        let (day, time) = (String(Substring(text.prefix(8))), String(Substring(text.dropFirst(9).prefix(6))))
        guard day.isDigits, time.isDigits else { return nil }
        let parts = [time.prefix(2), time.dropFirst(2).prefix(2), time.suffix(2)]
        return Date(httpDate: "\(day) \(parts.joined(separator: ":")) GMT")
    }

    /// The time for which the address may be used after it was received; zero for one that ends at once.
    ///
    /// - Parameter clock: The server's time when it sent the address. A time outside of the lifetime is that of another
    ///   clock than the signer's; the address then counts as signed just now.
    func use(receivedAt clock: Date) -> Duration? {
        var left = end.timeIntervalSince(clock)
        if let start {
            let whole = end.timeIntervalSince(start)
            if clock < start || left <= 0 { left = whole }
        } else if left <= 0 {
            return nil
        }
        let margin = min(max(left / 10, Self.shortestMargin), Self.longestMargin)
        return .seconds(max(0, min(left, Double(Self.longest)) - Self.resolution - margin))
    }
}

extension Address {
    /// This address, which a response has told, with the time from which on it isn't used any more.
    ///
    /// Compared with the response's own `Date`: this machine's clock, which may be wrong, serves only without one.
    ///
    /// - Parameters:
    ///   - response: The fields of the response that told it.
    ///   - now: The time of the response.
    func aging(by response: HeaderFields, wallClock: Date = Date(), now: SuspendingClock.Instant) -> Address {
        var address = self
        let clock = response["Date"].flatMap { Date(httpDate: $0) } ?? wallClock
        address.staleAt = AddressLifetime(url)?.use(receivedAt: clock).map { now.advanced(by: $0) }
        return address
    }

    /// Whether another address may be of use for longer; true if neither tells its lifetime.
    public func isOlder(than other: Address) -> Bool {
        guard let staleAt else { return other.staleAt == nil }
        return other.staleAt.map { staleAt < $0 } ?? true
    }

    /// Whether the address has expired, or is about to.
    public func isStale(now: SuspendingClock.Instant = .now) -> Bool { staleAt.map { now >= $0 } ?? false }
}
