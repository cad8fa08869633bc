import TestSupport
import Testing

@testable import TwilioAPI

@Suite("Dates as Twilio writes them", .orderly)
struct TimestampTests {
    private struct Sample: Decodable {
        let text: String
        let seconds: Int64
    }

    @Test("Dates are read as Python's email.utils and datetime write them")
    func agreesWithPython() throws {
        let samples: [Sample] = try Python.value("dates", "texts")
        #expect(samples.count == 12_000)
        for sample in samples { #expect(Timestamp(sample.text)?.seconds == sample.seconds, "\(sample.text)") }
    }

    @Test("A point in time is written as Python writes it, and read back")
    func written() throws {
        let samples: [Sample] = try Python.value("dates", "instants")
        #expect(samples.count == 5004)
        for sample in samples {
            #expect(Timestamp(seconds: sample.seconds).description == sample.text)
            #expect(Timestamp(sample.text)?.seconds == sample.seconds)
        }
    }

    @Test("Every day of these years is accepted, and no other", arguments: [1900, 1999, 2000, 2015, 2016, 2100, 2400])
    func calendar(year: Int) throws {
        let known: [Sample] = try Python.value("dates", "year", "\(year)")
        let days = Dictionary(uniqueKeysWithValues: known.map { ($0.text, $0.seconds) })
        for month in 0...13 {
            for day in 0...32 {
                let text = "\(year)-\(month < 10 ? "0" : "")\(month)-\(day < 10 ? "0" : "")\(day)"
                #expect(Timestamp("\(text)T00:00:00Z")?.seconds == days[text], "\(text)")
            }
        }
    }

    @Test(
        "What is no date gives none",
        arguments: [
            "", " ", "Z", "2015", "2015-07-30", "2015-07-30T20:00:00", "2015-07-30 20:00:00Z", "2015-07-30T20:00Z",
            "2015-07-30T24:00:00Z", "2015-07-30T20:60:00Z", "2015-07-30T20:00:61Z", "2015-07-30T20:00:00.Z",
            "2015-07-30T20:00:00.1234567890Z", "2015-07-30T20:00:00ZZ", "2015-07-30T20:00:00Z ",
            "15-07-30T20:00:00Z", "0000-01-01T00:00:00Z", "2015-7-30T20:00:00Z", "-015-07-30T20:00:00Z",
            "2015-07-30T20:00:00+", "2015-07-30T20:00:00+1", "2015-07-30T20:00:00+01:6", "2015-07-30T20:00:00+24:00",
            "2015-07-30T20:00:00+00:60", "2015-07-30T20:00:00 +0000",
            "Fri, 14 Oct 2016", "Fri, 14 Oct 2016 21:56:34", "Fri 14 Oct 2016 21:56:34 +0000",
            "Fri,14 Oct 2016 21:56:34 +0000", "Fri, 14 Okt 2016 21:56:34 +0000", "Fri, 14 oct 2016 21:56:34 +0000",
            "Fri, 14 Oct 16 21:56:34 +0000", "Fri, 14 Oct 2016 21:56:34 EST", "Fri, 14 Oct 2016 21:56:34 +00",
            "Fri, 31 Feb 2016 21:56:34 +0000", "Fri, 14 Oct 2016 25:56:34 +0000", "Fri, 14 Oct 2016 21:56:34 +2500",
            "1469908800", "null", "２０１５-07-30T20:00:00Z",
        ])
    func notADate(text: String) {
        #expect(Timestamp(text) == nil)
    }

    @Test("A leap second counts as the second after it")
    func leapSecond() {
        #expect(Timestamp("2016-12-31T23:59:60Z") == Timestamp("2017-01-01T00:00:00Z"))
    }
}
