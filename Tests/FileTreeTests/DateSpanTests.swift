import Foundation
import TestSupport
import Testing
import TwilioAPI

@testable import FileTree

@Suite("Years, months and days of the view by date", .orderly)
struct DateSpanTests {
    @Test("Every day of 130 years has the name and the seconds that Python's calendar gives it")
    func days() throws {
        var expected: [String: Range<Timestamp>] = [:]
        let spans: [String: [Int64]] = try Python.value("dates", "spans")
        for (name, bounds) in spans {
            expected[name] = Timestamp(seconds: bounds[0])..<Timestamp(seconds: bounds[1])
        }
        var found: [String: Range<Timestamp>] = [:]
        for number in 1970..<2100 {
            let year = try #require(DateSpan(year: number))
            #expect(year.parent == nil)
            found[year.name] = year.interval
            for month in year.childNumbers.compactMap(year.child) {
                #expect(month.parent == year)
                #expect(year.child(named: month.name) == month)
                found["\(year.name)/\(month.name)"] = month.interval
                for day in month.childNumbers.compactMap(month.child) {
                    #expect(day.parent == month)
                    #expect(month.child(named: day.name) == day)
                    #expect(DateSpan(dayOf: day.interval.lowerBound) == day)
                    #expect(DateSpan(dayOf: Timestamp(seconds: day.interval.upperBound.seconds - 1)) == day)
                    found["\(year.name)/\(month.name)/\(day.name)"] = day.interval
                    #expect(day.child(1) == nil)
                }
            }
        }
        #expect(found == expected)
    }

    @Test(
        "Only names of the right length and of digits alone mean something",
        arguments: ["", "1", "001", "+1", "-1", "1 ", " 1", "0x", "١١", "00", "13", "99", "1\u{0}", "½"])
    func names(_ name: String) throws {
        let year = try #require(DateSpan(yearNamed: "2026"))
        #expect(year.child(named: name) == nil)
        #expect(DateSpan(yearNamed: name) == nil)
        #expect(DateSpan(yearNamed: "20\(name)") == nil || name.utf8.count == 2)
    }

    @Test("Days that the calendar doesn't have mean nothing", arguments: [("2026", "02", "29"), ("2026", "04", "31")])
    func noSuchDay(year: String, month: String, day: String) throws {
        let month = try #require(DateSpan(yearNamed: year)?.child(named: month))
        #expect(month.child(named: day) == nil)
        #expect(month.child(named: "00") == nil)
        #expect(DateSpan(yearNamed: "0000") == nil)
    }

    @Test("A place in a day comes back from its number, and the numbers are in the order of the listing")
    func placesInDay() {
        var numbers: [Int64] = []
        for kind in PlaceInDay.kinds {
            for second in [0, 1, 3600, 86_399] as [Int64] {
                for position in [1, 2, 1_000_000, (1 << 44) - 1] as [Int64] {
                    let place = PlaceInDay(kind: kind, second: second, position: position)
                    #expect(PlaceInDay(rawValue: place.rawValue) == place)
                    numbers.append(place.rawValue)
                }
            }
        }
        #expect(numbers.allSatisfy { $0 > 0 })
        #expect(zip(numbers, numbers.dropFirst()).allSatisfy { $0 < $1 })
        #expect(PlaceInDay(rawValue: 0) == PlaceInDay(kind: 0, second: 0, position: 0))
        #expect(MediaKind.allCases.allSatisfy { PlaceInDay.kinds.contains($0.rawValue) })
    }
}
