import Foundation
import ModuleTestSupport
import Support
import TestSupport
import Testing
import Transfer
import TwilioSimulator

@testable import TwilioAPI

@Suite("Lists of an interval", .orderly)
struct CreationIntervalTests {
    private static let noon = Timestamp("2024-02-29T12:00:00Z") ?? Timestamp(seconds: 0)

    /// What Python's parser makes of the query of a first page.
    private func query(
        of kind: TwilioAPI.MediaKind, in interval: CreationInterval, size: Int? = nil
    ) throws -> [String: [String]] {
        let server = try LoopbackServer { _ in
            LoopbackServer.Answer(
                body: Array(
                    #"{"recordings":[],"compositions":[],"meta":{"next_page_url":null},"next_page_uri":null}"#.utf8))
        }
        defer { server.stop() }
        let api = try TestClient(url: server.url)
        defer { api.shutDown() }
        _ = try api.client.page(of: kind, in: interval, size: size)
        let target = try #require(server.requests.first?.target)
        return try Python.value("query", target)
    }

    @Test("Voice is asked for by days, one more on each side")
    func voice() throws {
        let day = try #require(CalendarDay(year: 2024, month: 2, day: 29)).interval
        let cases: [(CreationInterval, [String: [String]])] = [
            (CreationInterval(), ["PageSize": ["1000"]]),
            (CreationInterval(from: Self.noon), ["PageSize": ["1000"], "DateCreated>": ["2024-02-28"]]),
            (CreationInterval(until: Self.noon), ["PageSize": ["1000"], "DateCreated<": ["2024-03-01"]]),
            (
                // The last second that is wanted belongs to the day, not to the one that begins there.
                CreationInterval(from: day.lowerBound, until: day.upperBound),
                ["PageSize": ["1000"], "DateCreated>": ["2024-02-28"], "DateCreated<": ["2024-03-01"]]
            ),
            (
                CreationInterval(from: Self.noon, until: Timestamp(seconds: day.upperBound.seconds + 1)),
                ["PageSize": ["1000"], "DateCreated>": ["2024-02-28"], "DateCreated<": ["2024-03-02"]]
            ),
            (
                // Nothing is that old or that new, and nothing overflows.
                CreationInterval(from: Timestamp(seconds: .min), until: Timestamp(seconds: .max)),
                ["PageSize": ["1000"], "DateCreated>": ["1969-12-31"], "DateCreated<": ["2200-01-01"]]
            ),
            (
                CreationInterval(from: Timestamp(seconds: .max), until: Timestamp(seconds: .min)),
                ["PageSize": ["1000"], "DateCreated>": ["2199-12-31"], "DateCreated<": ["1970-01-01"]]
            ),
        ]
        for (interval, expected) in cases {
            #expect(try query(of: .voiceRecording, in: interval) == expected)
        }
    }

    @Test(
        "Video is asked for by seconds, one more on each side",
        arguments: [TwilioAPI.MediaKind.videoRecording, .composition])
    func video(kind: TwilioAPI.MediaKind) throws {
        #expect(try query(of: kind, in: CreationInterval()) == ["PageSize": ["100"]])
        let interval = CreationInterval(from: Self.noon, until: Timestamp(seconds: Self.noon.seconds + 60))
        // The last second that is wanted is 12:00:59.
        #expect(
            try query(of: kind, in: interval) == [
                "PageSize": ["100"], "DateCreatedAfter": ["2024-02-29T11:59:59Z"],
                "DateCreatedBefore": ["2024-02-29T12:01:00Z"],
            ])
    }

    @Test(
        "A page is as large as it is wanted, within what the API gives",
        arguments: [(1, "1"), (50, "50"), (5000, "1000"), (0, "1")])
    func size(wanted: Int, asked: String) throws {
        #expect(try query(of: .voiceRecording, in: CreationInterval(), size: wanted) == ["PageSize": [asked]])
    }

    @Test(
        "All recordings of an interval come, whatever the filters mean, and little around it",
        arguments: Behaviour.DateFilter.allCases)
    func complete(filter: Behaviour.DateFilter) throws {
        let bench = try AccountBench {
            $0.generatedRecordings = 5000
            $0.behaviour.dateFilter = filter
        }
        let all = try bench.pages(of: .voiceRecording).flatMap(\.resources)
        #expect(all.count == 5000)
        let newest = try #require(all.first?.dateCreated).seconds
        for (lower, upper) in [
            (0, 1), (-1000, 1), (-86_400, 0), (-86_401, -86_399), (-200_000, -100_000), (-400_000, 0),
        ] {
            let interval = CreationInterval(
                from: Timestamp(seconds: newest + Int64(lower)), until: Timestamp(seconds: newest + Int64(upper)))
            let listed = try bench.pages(of: .voiceRecording, in: interval).flatMap(\.resources)
            let wanted = all.filter { resource in
                resource.dateCreated.map { interval.contains($0) } ?? false
            }
            #expect(Set(wanted.map(\.sid)).isSubset(of: Set(listed.map(\.sid))), "\(lower)..<\(upper)")
            let days = try listed.map { CalendarDay(containing: try #require($0.dateCreated)) }
            let first = CalendarDay(containing: Timestamp(seconds: newest + Int64(lower) - 86_400))
            let last = CalendarDay(containing: Timestamp(seconds: newest + Int64(upper) - 1 + 86_400))
            #expect(days.allSatisfy { (first...last).contains($0) })
        }
    }

    @Test(
        "All video of an interval comes, whether or not the API takes its bounds in",
        arguments: Behaviour.DateFilter.allCases)
    func completeVideo(filter: Behaviour.DateFilter) throws {
        let bench = try AccountBench {
            $0.behaviour.pageSizeLimit = 3
            $0.behaviour.dateFilter = filter
        }
        for second in 0..<10 {
            try bench.simulator.add(
                .composition,
                fields: [
                    "sid": .string("CJ\(AccountBench.digits.dropLast())\(second)"),
                    "date_created": .string("2024-02-29T12:00:0\(second)Z"),
                ])
        }
        let interval = CreationInterval(
            from: Timestamp(seconds: Self.noon.seconds + 3), until: Timestamp(seconds: Self.noon.seconds + 7))
        let seconds = try bench.pages(of: .composition, in: interval).flatMap(\.resources).compactMap(\.dateCreated)
            .map { $0.seconds - Self.noon.seconds }
        #expect(Set(seconds).isSuperset(of: 3..<7))
        #expect(Set(seconds).isSubset(of: 2..<8))
    }

    @Test("A page is read where it is asked for, and not on the transfer thread")
    func unread() throws {
        let server = try LoopbackServer { _ in LoopbackServer.Answer(body: Array("{no JSON".utf8)) }
        defer { server.stop() }
        let api = try TestClient(url: server.url)
        defer { api.shutDown() }
        let answers = Awaited<Result<ListAnswer, TwilioError>>()
        api.client.page(of: .voiceRecording) { answers.add($0) }
        let answer = try answers.value().get()
        let error = #expect(throws: TwilioError.self) { try answer.page() }
        #expect(error?.code == .malformedAnswer)
    }

    @Test("A link that is no address ends the request at once")
    func badLink() throws {
        let bench = try AccountBench()
        let answers = Awaited<Result<ListAnswer, TwilioError>>()
        bench.client.page(of: .voiceRecording, next: "mailto:a@b") { answers.add($0) }
        #expect(answers.all.count == 1)
        let error = #expect(throws: TwilioError.self) { try answers.value().get() }
        #expect(error?.code == .malformedAnswer)
    }
}
