import Foundation
import TestSupport
import Testing
import TwilioSimulator

@Suite("Order and paging of lists", .orderlyAndLong)
struct OrderTests {
    /// What a list has of a resource.
    private struct Listed: Hashable {
        let sid: String
        let date: Date
    }

    /// Files, generated recordings, some of which are gone, and one that has changed its date.
    private func makeBench(_ order: Behaviour.ListOrder, _ paging: Behaviour.Paging) throws -> SimulatorBench {
        var files: [String: Data] = [:]
        for number in 0..<40 {
            let day = 1 + number % 20
            files["recordings/lone-\(number).json"] = Data(
                #"{"status":"completed","date_created":"2020-03-\#(day < 10 ? "0" : "")\#(day)T10:00:00Z"}"#.utf8)
        }
        let bench = try SimulatorBench(files: files) {
            $0.generatedRecordings = 300
            $0.behaviour.listOrder = order
            $0.behaviour.paging = paging
        }
        for number in [0, 7, 8, 150, 299] { try bench.simulator.remove(TwilioSimulator.generatedSID(number)) }
        try bench.simulator.update(
            TwilioSimulator.generatedSID(20), fields: ["date_created": "2020-03-10T09:00:00Z"])
        return bench
    }

    private func walk(_ bench: SimulatorBench, _ query: String, onPage: (Int) throws -> Void = { _ in }) throws
        -> [Listed]
    {
        let format = DateFormatter()
        format.locale = Locale(identifier: "en_US_POSIX")
        format.dateFormat = "EEE, dd MMM yyyy HH:mm:ss Z"
        var next: String? = "\(bench.accountPath)/Recordings.json?\(query)"
        var (result, pages): ([Listed], Int) = ([], 0)
        while let path = next {
            let answer = try bench.api(path)
            // A chain that never ends must fail, not hang.
            try #require(answer.status == 200 && pages < 200)
            // Thousands of resources altogether, for which decoding into `JSONValue` is too slow.
            let page = try #require(try JSONSerialization.jsonObject(with: answer.body) as? [String: Any])
            for resource in try #require(page["recordings"] as? [[String: Any]]) {
                let date = try #require(format.date(from: resource["date_created"] as? String ?? ""))
                result.append(Listed(sid: try #require(resource["sid"] as? String), date: date))
            }
            next = page["next_page_uri"] as? String
            pages += 1
            try onPage(pages)
        }
        return result
    }

    @Test(
        "Every order has everything once, whatever the pages are cut by", arguments: Behaviour.ListOrder.allCases,
        Behaviour.Paging.allCases)
    func everything(order: Behaviour.ListOrder, paging: Behaviour.Paging) throws {
        let bench = try makeBench(order, paging)
        let all = try walk(bench, "PageSize=23")
        #expect(all.count == 40 + 295)
        #expect(Set(all.map(\.sid)).count == all.count)
        #expect(try walk(bench, "PageSize=1000") == all)
        let dates = all.map(\.date)
        switch order {
        case .newestFirst: #expect(dates == dates.sorted(by: >))
        case .oldestFirst: #expect(dates == dates.sorted())
        case .unordered:
            #expect(dates != dates.sorted() && dates != dates.sorted(by: >))
            // Old and new ones are mixed, and not only at one place.
            let isOld = all.map { $0.date.timeIntervalSince1970 < 1_600_000_000 }
            #expect(zip(isOld, isOld.dropFirst()).count { $0 != $1 } > 20)
        }
        let range = "DateCreated%3E=2020-03-05&DateCreated%3C=2020-03-10"
        let some = try walk(bench, "PageSize=5&\(range)")
        let expected = all.filter { (1_583_366_400..<1_583_884_800).contains($0.date.timeIntervalSince1970) }
        #expect(some == expected)
        #expect(some.count == 13)
    }

    @Test("Filters that narrow the generated recordings keep the order", arguments: Behaviour.ListOrder.allCases)
    func narrowed(order: Behaviour.ListOrder) throws {
        let bench = try SimulatorBench(files: [:]) {
            $0.generatedRecordings = 2000
            $0.behaviour.listOrder = order
        }
        let all = try walk(bench, "PageSize=1000")
        // The newest was made at midnight, so that all of the day before is there.
        let day = try #require(all.map(\.date).max()).addingTimeInterval(-86_400)
        let text = String(day.ISO8601Format().prefix(10))
        let expected = all.filter { $0.date >= day && $0.date < day.addingTimeInterval(86_400) }
        #expect(expected.count == 1440)
        for paging in Behaviour.Paging.allCases {
            bench.simulator.behaviour.paging = paging
            #expect(try walk(bench, "PageSize=400&DateCreated=\(text)") == expected)
        }
    }

    @Test("Pages by index repeat what arrivals push on, and miss what deletions let slip")
    func shifts() throws {
        let bench = try makeBench(.newestFirst, .index)
        let before = try walk(bench, "PageSize=1000").map(\.sid)
        let pushed = try walk(bench, "PageSize=10") { number in
            if number == 1 { try bench.simulator.add(.recording, fields: ["status": "completed"]) }
        }.map(\.sid)
        #expect(pushed == Array(before[..<10]) + before[9...])
        bench.simulator.behaviour.listOrder = .oldestFirst
        let oldest = try walk(bench, "PageSize=1000").map(\.sid)
        let slipped = try walk(bench, "PageSize=10") { number in
            if number == 1 { try bench.simulator.remove(oldest[3]) }
        }.map(\.sid)
        #expect(slipped == Array(oldest[..<10]) + oldest[11...])
    }

    @Test("Pages by token go on where they were in every order", arguments: Behaviour.ListOrder.allCases)
    func steady(order: Behaviour.ListOrder) throws {
        let bench = try makeBench(order, .token)
        let before = try walk(bench, "PageSize=1000").map(\.sid)
        let pages = try walk(bench, "PageSize=10") { number in
            if number < 4 { try bench.simulator.remove(before[number]) }
            // The last of a page, whose place the token names.
            if number == 5 { try bench.simulator.remove(before[49]) }
        }.map(\.sid)
        #expect(pages == before)
    }

    @Test("Video lists have the order and the paging, too", arguments: Behaviour.ListOrder.allCases)
    func video(order: Behaviour.ListOrder) throws {
        let bench = try SimulatorBench { $0.behaviour.listOrder = order }
        for day in 10..<25 {
            try bench.simulator.add(
                .composition, fields: ["date_created": .string("2026-04-\(day)T12:00:00Z"), "status": "completed"])
        }
        func walk() throws -> [String] {
            var next: String? = "https://video.twilio.com/v1/Compositions?PageSize=4"
            var dates: [String] = []
            while let url = next, dates.count < 100 {
                let answer = try bench.api(String(url.dropFirst("https://video.twilio.com".count)))
                dates += answer.json["compositions"]?.array?.compactMap { $0["date_created"]?.string } ?? []
                next = answer.json["meta"]?["next_page_url"]?.string
            }
            return dates
        }
        let dates = try walk()
        #expect(Set(dates).count == 15 && dates.count == 15)
        #expect((dates == dates.sorted()) == (order == .oldestFirst))
        #expect((dates == dates.sorted(by: >)) == (order == .newestFirst))
        bench.simulator.behaviour.paging = .index
        #expect(try walk() == dates)
    }

    @Test("A page by index from the middle of a million is found by counting, not by looking")
    func millionByIndex() throws {
        let bench = try SimulatorBench(files: [:]) {
            $0.generatedRecordings = 1_000_000
            $0.behaviour.paging = .index
        }
        for order in [Behaviour.ListOrder.newestFirst, .oldestFirst] {
            bench.simulator.behaviour.listOrder = order
            let page = try bench.api("\(bench.accountPath)/Recordings.json?PageSize=1000&Page=700")
            let first = order == .newestFirst ? 700_000 : 299_999
            #expect(page.sids("recordings").first == TwilioSimulator.generatedSID(first))
            // Looking at each of those before it would take hundreds of times as long as the first page.
            let start = try bench.api("\(bench.accountPath)/Recordings.json?PageSize=1000")
            #expect(page.seconds < 20 * start.seconds)
        }
    }
}
