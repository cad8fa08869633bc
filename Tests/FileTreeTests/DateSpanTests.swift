import Foundation
import TestSupport
import Testing
import TwilioAPI

@testable import FileTree

@Suite("Years, months and days of the view by date", .orderly)
struct DateSpanTests {
    @Test("every day of 130 years has the name and the seconds that Python's calendar gives it")
    func days() throws {
        let script = """
            import datetime, sys
            utc = datetime.timezone.utc
            def seconds(day): return int(datetime.datetime(day.year, day.month, day.day, tzinfo=utc).timestamp())
            day, step = datetime.date(1970, 1, 1), datetime.timedelta(1)
            while day.year < 2100:
                print(day.strftime("%Y/%m/%d"), seconds(day), seconds(day + step))
                if day.day == 1:
                    print(day.strftime("%Y/%m"), seconds(day), seconds((day + 31 * step).replace(day=1)))
                if day.day == day.month == 1:
                    print(day.strftime("%Y"), seconds(day), seconds(day.replace(year=day.year + 1)))
                day += step
            """
        var expected: [String: Range<Timestamp>] = [:]
        for line in try Command.require(["/usr/bin/python3", "-ISc", script]).lines {
            let words = line.split(separator: " ")
            let bounds = try words.dropFirst().map { Timestamp(seconds: try #require(Int64($0))) }
            expected[String(words[0])] = bounds[0]..<bounds[1]
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
        "only names of the right length and of digits alone mean something",
        arguments: ["", "1", "001", "+1", "-1", "1 ", " 1", "0x", "١١", "00", "13", "99", "1\u{0}", "½"])
    func names(_ name: String) throws {
        let year = try #require(DateSpan(yearNamed: "2026"))
        #expect(year.child(named: name) == nil)
        #expect(DateSpan(yearNamed: name) == nil)
        #expect(DateSpan(yearNamed: "20\(name)") == nil || name.utf8.count == 2)
    }

    @Test("days that the calendar doesn't have mean nothing", arguments: [("2026", "02", "29"), ("2026", "04", "31")])
    func noSuchDay(year: String, month: String, day: String) throws {
        let month = try #require(DateSpan(yearNamed: year)?.child(named: month))
        #expect(month.child(named: day) == nil)
        #expect(month.child(named: "00") == nil)
        #expect(DateSpan(yearNamed: "0000") == nil)
    }

    @Test("a place in a day comes back from its number, and the numbers are in the order of the listing")
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
