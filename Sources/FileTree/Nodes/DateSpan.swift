import TwilioAPI

/// A year, a month or a day of the view by date, in UTC like Twilio's lists.
struct DateSpan: Hashable, Sendable {
    /// The length of a span.
    enum Unit: Hashable, Sendable {
        case year
        case month
        case day
    }

    let unit: Unit
    /// Its first second.
    let start: Timestamp

    private init(_ unit: Unit, from first: CalendarDay) {
        self.unit = unit
        start = first.interval.lowerBound
    }

    /// Its first day.
    var first: CalendarDay { CalendarDay(containing: start) }

    /// Makes a year; nil for a year outside of the calendar.
    init?(year: Int) {
        guard let first = CalendarDay(year: year, month: 1, day: 1) else { return nil }
        self.init(.year, from: first)
    }

    /// Reads the name of a year: four digits.
    init?(yearNamed name: String) {
        guard let year = Self.number(name, digits: 4) else { return nil }
        self.init(year: year)
    }

    /// The day of a time.
    init(dayOf time: Timestamp) { self.init(.day, from: CalendarDay(containing: time)) }

    /// The year or month that contains it; nil for a year.
    var parent: DateSpan? {
        switch unit {
        case .year: nil
        case .month: DateSpan(year: first.year)
        case .day: CalendarDay(year: first.year, month: first.month, day: 1).map { DateSpan(.month, from: $0) }
        }
    }

    /// Its number within its parent.
    var number: Int {
        switch unit {
        case .year: first.year
        case .month: first.month
        case .day: first.day
        }
    }

    /// The name of its directory: four digits for a year, two for a month and a day.
    var name: String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, (unit == .year ? 4 : 2) - digits.count)) + digits
    }

    /// The possible numbers of its parts: months of a year, days of a month.
    var childNumbers: ClosedRange<Int> { unit == .year ? 1...12 : 1...31 }

    /// A part of it; nil for a number without a part, and for a day.
    func child(_ number: Int) -> DateSpan? {
        switch unit {
        case .year: CalendarDay(year: first.year, month: number, day: 1).map { DateSpan(.month, from: $0) }
        case .month: CalendarDay(year: first.year, month: first.month, day: number).map { DateSpan(.day, from: $0) }
        case .day: nil
        }
    }

    /// Reads the name of a part: two digits.
    func child(named name: String) -> DateSpan? { Self.number(name, digits: 2).flatMap(child) }

    /// From its first second to the second after its last.
    var interval: Range<Timestamp> {
        switch unit {
        case .day: first.interval
        case .month: start..<Self.startOfMonth(days: 31, after: start)
        case .year: start..<Self.startOfMonth(days: 366, after: start)
        }
    }

    /// The beginning of the month that contains the time `days` after `start`.
    ///
    /// If `start` begins a month, and `days` is the length of the longest month, this is the beginning of the next one.
    /// The same holds for years.
    private static func startOfMonth(days: Int64, after start: Timestamp) -> Timestamp {
        let secondsOfDay: Int64 = 86_400
        let later = Timestamp(seconds: start.seconds + days * secondsOfDay)
        let excess = Int64(CalendarDay(containing: later).day - 1)
        return Timestamp(seconds: later.seconds - excess * secondsOfDay)
    }

    private static func number(_ name: String, digits: Int) -> Int? {
        guard name.utf8.count == digits, name.utf8.allSatisfy((UInt8(ascii: "0")...UInt8(ascii: "9")).contains) else {
            return nil
        }
        return Int(name)
    }
}
