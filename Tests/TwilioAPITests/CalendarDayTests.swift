import TestSupport
import Testing

@testable import TwilioAPI

@Suite("Days of the calendar", .orderly)
struct CalendarDayTests {
    private struct Sample: Decodable {
        let text: String
        let seconds: Int64
    }

    @Test("Every day from 1970 to 2100, and many of other years, are those of Python's datetime")
    func agreesWithPython() throws {
        let samples: [Sample] = try Python.value("dates", "days")
        #expect(samples.count == 47_847 + 5000)
        for sample in samples {
            let start = Timestamp(seconds: sample.seconds)
            let end = Timestamp(seconds: sample.seconds + 86_400)
            let day = CalendarDay(containing: start)
            #expect(day.description == sample.text)
            #expect(day == CalendarDay(containing: Timestamp(seconds: sample.seconds + 86_399)))
            #expect(day.interval == start..<end, "\(sample.text)")
            let parts = sample.text.split(separator: "-").compactMap { Int($0) }
            #expect(CalendarDay(year: parts[0], month: parts[1], day: parts[2]) == day)
        }
    }

    @Test("A day that the calendar doesn't have is none")
    func noDay() {
        for (year, month, day) in [
            (0, 1, 1), (10_000, 1, 1), (2026, 0, 1), (2026, 13, 1), (2026, 1, 0), (2026, 1, 32), (2026, 4, 31),
            (2026, 2, 29), (2100, 2, 29), (2024, 2, 30), (-1, 1, 1),
        ] {
            #expect(CalendarDay(year: year, month: month, day: day) == nil, "\(year)-\(month)-\(day)")
        }
        #expect(CalendarDay(year: 2024, month: 2, day: 29) != nil)
        #expect(CalendarDay(year: 2000, month: 2, day: 29) != nil)
    }

    @Test("Days are in the order of time")
    func order() throws {
        let days = stride(from: -40_000, to: 40_000, by: 13).map { number in
            CalendarDay(containing: Timestamp(seconds: Int64(number) * 86_400))
        }
        #expect(days == days.sorted())
        #expect(Set(days).count == days.count)
        #expect(zip(days, days.dropFirst()).allSatisfy { $0 < $1 })
    }
}
