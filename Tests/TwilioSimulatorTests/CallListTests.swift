import Foundation
import TestSupport
import Testing

@testable import TwilioSimulator

@Suite("The list of calls", .orderly)
struct CallListTests {
    /// All calls of a chain of pages.
    private func calls(_ bench: SimulatorBench, _ query: String = "") throws -> [JSONValue] {
        var next: String? = "\(bench.accountPath)/Calls.json?\(query)"
        var found: [JSONValue] = []
        for _ in 0..<100 {
            guard let path = next else { return found }
            let answer = try bench.api(path)
            try #require(answer.status == 200, "\(answer.text)")
            found += answer.json["calls"]?.array ?? []
            next = answer.json["next_page_uri"]?.string
        }
        throw CommandError("the chain has no end")
    }

    private func side(_ date: String, call: String) -> Data {
        Data(#"{"status":"completed","date_created":"\#(date)","call_sid":"\#(call)"}"#.utf8)
    }

    private func sid(_ digit: Int) -> String { "CA" + String(repeating: "\(digit)", count: 32) }

    @Test("Each recording's call is there once, from the beginning of its first recording, newest first")
    func matching() throws {
        let bench = try SimulatorBench(files: [
            "recordings/a.json": side("2026-02-27T10:00:00Z", call: sid(1)),
            "recordings/b.json": side("2026-02-27T09:00:00Z", call: sid(1)),
            "recordings/c.json": side("2026-02-28T10:00:00Z", call: sid(2)),
            "recordings/d.json": side("2026-02-25T10:00:00Z", call: sid(3)),
        ])
        for size in [1, 2, 1000] {
            let calls = try calls(bench, "PageSize=\(size)")
            #expect(calls.map { $0["sid"]?.string } == [sid(2), sid(1), sid(3)])
            #expect(calls[1]["start_time"]?.string == "Fri, 27 Feb 2026 09:00:00 +0000")
            #expect(calls.allSatisfy { $0["from"]?.string != nil && $0["to"]?.string != nil })
        }
        #expect(try calls(bench, "StartTime=2026-02-27").map { $0["sid"]?.string } == [sid(1)])
        #expect(try calls(bench, "StartTime%3E=2026-02-27").count == 2)
        #expect(try calls(bench, "StartTime%3C=2026-02-27").count == 2)
        #expect(try calls(bench, "StartTime%3E=2026-02-26&StartTime%3C=2026-02-27").count == 1)
        let one = try bench.api("\(bench.accountPath)/Calls/\(sid(1)).json")
        #expect(one.status == 200 && one.json["sid"]?.string == sid(1))
        #expect(try bench.api("\(bench.accountPath)/Calls/\(sid(9)).json").status == 404)
        #expect(try bench.curl(bench.simulator.apiURL + "\(bench.accountPath)/Calls.json").status == 401)
    }

    @Test("Generated recordings have calls, in pages of any size, and some callers have no number")
    func generated() throws {
        let bench = try SimulatorBench { $0.generatedRecordings = 3000 }
        let calls = try calls(bench, "PageSize=700")
        #expect(calls.count == 3000)
        let expected = (0..<3000).map { GeneratedRecordings.sid($0, prefix: "CA") }
        #expect(calls.compactMap { $0["sid"]?.string } == expected)
        let parties = calls.flatMap { [$0["from"]?.string, $0["to"]?.string] }.compactMap(\.self)
        for odd in ["anonymous", "", "+266696687", "sip:alice@example.com", "client:bob"] {
            #expect(parties.contains(odd), "\(odd)")
        }
        #expect(Set(parties.filter { $0.hasPrefix("+4930") }).count > 1000)
        #expect(Set(parties.filter { $0.hasPrefix("+4989") }).count == 5)
        let recording = try bench.api("\(bench.accountPath)/Recordings/\(TwilioSimulator.generatedSID(7)).json").json
        #expect(calls[7]["sid"] == recording["call_sid"] && calls[7]["start_time"] == recording["date_created"])
        #expect(try bench.api("\(bench.accountPath)/Calls/\(expected[7]).json").json == calls[7])
    }

    @Test("A call can be changed, and added without recordings")
    func changed() throws {
        let bench = try SimulatorBench(files: [
            "recordings/a.json": side("2026-02-27T10:00:00Z", call: sid(1))
        ])
        let body = #"{"sid":"\#(sid(1))","fields":{"from":"client:x","to":"+4912"}}"#
        #expect(try bench.control("calls", ["-d", body]).status == 200)
        try bench.simulator.setCall(sid(2), fields: ["start_time": "2026-02-28T10:00:00Z", "from": nil])
        let calls = try calls(bench)
        #expect(calls.map { $0["sid"]?.string } == [sid(2), sid(1)])
        #expect(calls[0]["from"] == .null && calls[0]["start_time"]?.string == "Sat, 28 Feb 2026 10:00:00 +0000")
        #expect(calls[1]["from"]?.string == "client:x" && calls[1]["to"]?.string == "+4912")
        #expect(try bench.control("calls", ["-d", #"{"sid":"CA1","fields":{}}"#]).status == 400)
    }

    @Test("A subaccount has its own calls")
    func subaccounts() throws {
        let bench = try SimulatorBench {
            $0.generatedRecordings = 10
            $0.subaccounts = [try! SimulatedSubaccount(name: "sub")]
        }
        let sub = bench.simulator.subaccounts[0].sid
        let answer = try bench.api("/2010-04-01/Accounts/\(sub)/Calls.json")
        #expect(answer.status == 200 && answer.json["calls"]?.array?.isEmpty == true)
    }
}
