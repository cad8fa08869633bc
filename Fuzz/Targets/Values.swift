import Foundation

@testable import TwilioAPI

/// Identifiers and times.
let valueTargets: [FuzzTarget] = [
    FuzzTarget(name: "sid") { bytes in
        guard let sid = SID(text(bytes)) else { return }
        check(sid.description == text(bytes), "a SID changes when it is read")
        let again = try JSONDecoder().decode(SID.self, from: JSONEncoder().encode(sid))
        check(again == sid, "a SID changes when it is stored")
    },
    FuzzTarget(name: "timestamp") { bytes in
        guard let time = Timestamp(text(bytes)) else { return }
        // Years of four digits, and offsets of less than a day.
        check((-62_200_000_000...253_500_000_000).contains(time.seconds), "a time beyond four digits")
        // An offset may lead out of the years of four digits.
        guard (-62_135_596_800..<253_402_300_800).contains(time.seconds) else { return }
        check(Timestamp(time.description) == time, "a time changes when it is written")
    },
    FuzzTarget(name: "calendar-day") { bytes in
        var input = InputReader(bytes)
        let (year, month, number) = (input.integer(Int16.self), input.integer(Int8.self), input.integer(Int8.self))
        if let day = CalendarDay(year: Int(year), month: Int(month), day: Int(number)) {
            check(CalendarDay(containing: day.interval.lowerBound) == day, "a day doesn't begin on itself")
            check(day.interval.upperBound.seconds - day.interval.lowerBound.seconds == 86_400, "not a day long")
        }
        _ = CalendarDay(containing: Timestamp(seconds: Int64(input.integer(Int32.self))))
    },
    FuzzTarget(name: "endpoints") { bytes in
        let parts = fields(bytes)
        let part = { (index: Int) in parts.indices.contains(index) && !parts[index].isEmpty ? parts[index] : nil }
        _ = try Endpoints(region: part(0), edge: part(1), api: part(2), video: part(3))
    },
]
