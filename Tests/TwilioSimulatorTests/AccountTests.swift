import Foundation
import Support
import TestSupport
import Testing
import TwilioSimulator

@Suite("Accounts and subaccounts", .orderly)
struct AccountTests {
    private let sales: SimulatedSubaccount
    private let support: SimulatedSubaccount
    private let old: SimulatedSubaccount
    private let bench: SimulatorBench
    private let folder: TemporaryFolder

    /// A main account and three subaccounts; the first has media with the same names as the main one's.
    init() throws {
        folder = try TemporaryFolder()
        for (name, content) in ["recordings/call.wav": try wave(seconds: 2), "video-recordings/track.mka": noise(500)] {
            try folder.file(name, content)
        }
        let sales = try SimulatedSubaccount(name: "Sales", mediaFolder: folder.url.path)
        let support = try SimulatedSubaccount(name: "Support", status: .suspended)
        let old = try SimulatedSubaccount(name: "Old", status: .closed)
        bench = try SimulatorBench(files: [
            "recordings/call.wav": wave(seconds: 1), "video-recordings/track.mka": noise(100),
        ]) { $0.subaccounts = [sales, support, old] }
        (self.sales, self.support, self.old) = (sales, support, old)
    }

    /// Asks the API as a subaccount.
    private func api(
        as account: SimulatedSubaccount, _ path: String, _ options: [String] = []
    ) throws -> CurlAnswer {
        try bench.curl(bench.simulator.apiURL + path, ["-u", "\(account.sid):\(account.authToken)"] + options)
    }

    private func path(_ account: SimulatedSubaccount) -> String { "/2010-04-01/Accounts/\(account.sid)" }

    @Test("The main account lists itself and its subaccounts, with Twilio's members")
    func list() throws {
        let main = bench.simulator.credentials.accountSID
        let list = try bench.api("/2010-04-01/Accounts.json")
        #expect(list.sids("accounts") == [old.sid, support.sid, sales.sid, main])
        #expect(list.json["page_size"] == 50)
        #expect(list.json["next_page_uri"] == .null)
        let first = try bench.api("/2010-04-01/Accounts.json?PageSize=3")
        #expect(first.sids("accounts").count == 3)
        let next = try bench.api(try #require(first.json["next_page_uri"]?.string))
        #expect(next.sids("accounts") == [main])
        #expect(next.json["next_page_uri"] == .null)
        #expect(try bench.api("/2010-04-01/Accounts.json?Status=active").sids("accounts") == [sales.sid, main])
        #expect(try bench.api("/2010-04-01/Accounts.json?FriendlyName=Support").sids("accounts") == [support.sid])
        #expect(try bench.api("/2010-04-01/Accounts.json?PageToken=x").status == 400)
        bench.simulator.behaviour.listOrder = .oldestFirst
        #expect(try bench.api("/2010-04-01/Accounts.json").sids("accounts") == [main, sales.sid, support.sid, old.sid])

        let one = try bench.api("\(path(sales)).json").json
        #expect(list.json["accounts"]?.array?[2] == one)
        #expect(one["friendly_name"] == "Sales")
        #expect(one["status"] == "active")
        #expect(one["type"] == "Full")
        #expect(one["owner_account_sid"]?.string == main)
        #expect(one["auth_token"]?.string == sales.authToken)
        #expect(one["uri"]?.string == "\(path(sales)).json")
        #expect(one["subresource_uris"]?["recordings"]?.string == "\(path(sales))/Recordings.json")
        #expect(try bench.api("\(bench.accountPath).json").json["owner_account_sid"]?.string == main)
    }

    @Test("The main credentials reach a subaccount's voice recordings, and no other subaccount's do")
    func voice() throws {
        let page = try bench.api("\(path(sales))/Recordings.json")
        let sid = try #require(page.sids("recordings").first)
        #expect(page.sids("recordings").count == 1)
        #expect(page.json["recordings"]?.array?[0]["account_sid"]?.string == sales.sid)
        #expect(sid != (try bench.sid("call.wav")))
        #expect(try bench.api("\(path(sales))/Recordings/\(sid).wav").body.count == 32_044 + 16)
        #expect(try api(as: sales, "\(path(sales))/Recordings/\(sid).wav").body.count == 32_044 + 16)
        // Each is found in its own account only.
        #expect(try bench.api("\(bench.accountPath)/Recordings/\(sid).json").status == 404)
        #expect(try api(as: sales, "\(bench.accountPath)/Recordings.json").status == 401)
        #expect(try api(as: sales, "\(path(support))/Recordings.json").status == 401)
        #expect(try bench.api("/2010-04-01/Accounts/AC0/Recordings.json").status == 404)
        #expect(try api(as: sales, "/2010-04-01/Accounts.json").sids("accounts") == [sales.sid])
        #expect(try api(as: sales, "\(bench.accountPath).json").status == 404)
    }

    @Test("Video is that of the account whose credentials are used")
    func video() throws {
        let sids = try api(as: sales, "/v1/Recordings").sids("recordings")
        #expect(sids.count == 1)
        #expect(try bench.api("/v1/Recordings").sids("recordings") == [try bench.sid("track.mka")])
        #expect(try bench.api("/v1/Recordings/\(sids[0])").status == 404)
        let address = try #require(try api(as: sales, "/v1/Recordings/\(sids[0])/Media").headers["location"])
        #expect(address.contains("/\(sales.sid)/"))
        #expect(try bench.curl(address).body.count == 512)
        let posted = try api(as: sales, "/v1/RecordingSettings/Default", ["-d", "FriendlyName=x"])
        #expect(posted.json["account_sid"]?.string == sales.sid)
        #expect(try bench.api("/v1/RecordingSettings/Default").json["friendly_name"] == .null)
        #expect(bench.simulator.requests.map(\.account).contains(sales.sid))
    }

    @Test("A suspended or closed account's own credentials open nothing, the owner's read what it has")
    func inactive() throws {
        for account in [support, old] {
            let refused = try api(as: account, "\(path(account))/Recordings.json")
            #expect(refused.status == 401)
            #expect(refused.json["code"] == 20003)
            #expect(try api(as: account, "/v1/Recordings").status == 401)
            #expect(try bench.api("\(path(account))/Recordings.json").status == 200)
            #expect(try bench.api("\(path(account)).json").json["status"]?.string == account.status.rawValue)
        }
        #expect(try bench.api("\(path(support)).json", ["-d", "Status=active"]).json["status"] == "active")
        #expect(try api(as: support, "/v1/Recordings").status == 200)
        #expect(try bench.api("\(path(sales)).json", ["-d", "Status=suspended"]).status == 200)
        #expect(try api(as: sales, "/v1/Recordings").status == 401)
        try bench.simulator.change(account: sales.sid, to: .active)
        #expect(try api(as: sales, "/v1/Recordings").status == 200)
        #expect(try api(as: sales, "\(path(sales)).json", ["-d", "Status=closed"]).status == 400)
        #expect(try bench.api("\(bench.accountPath).json", ["-d", "Status=closed"]).status == 400)
        #expect(try bench.api("\(path(sales)).json", ["-d", "Status=asleep"]).status == 400)
        #expect(try bench.api("\(path(old)).json", ["-d", "Status=active"]).status == 400)
    }

    @Test("Control reaches a subaccount by its SID")
    func control() throws {
        let manifest = try #require(try bench.control("manifest?account=\(sales.sid)").json.object)
        #expect(manifest.count == 2)
        #expect(Set(try bench.simulator.manifest(account: sales.sid).keys) == Set(manifest.keys))
        #expect(Set(manifest.keys).isDisjoint(with: bench.simulator.manifest.keys))
        let added = try bench.control(
            "resources?account=\(sales.sid)",
            ["-d", #"{"action":"add","kind":"recording","fields":{"status":"completed"}}"#])
        let sid = try #require(added.json["sid"]?.string)
        #expect(try bench.api("\(path(sales))/Recordings.json").sids("recordings").contains(sid))
        #expect(try !bench.api("\(bench.accountPath)/Recordings.json").sids("recordings").contains(sid))
        try bench.simulator.update(sid, fields: ["source": "DialVerb"], account: sales.sid)
        #expect(try bench.api("\(path(sales))/Recordings/\(sid).json").json["source"] == "DialVerb")
        try bench.simulator.delete(sid, account: sales.sid)
        #expect(try bench.api("\(path(sales))/Recordings/\(sid).json").json["status"] == "deleted")
        try bench.simulator.remove(sid, account: sales.sid)
        #expect(try bench.api("\(path(sales))/Recordings/\(sid).json").status == 404)
        #expect(try bench.control("manifest?account=AC0").status == 404)
        #expect(throws: SimulatorError.self) { try bench.simulator.add(.recording, account: "AC0") }
    }

    @Test("Accounts with one SID, and descriptions that can't be, are refused")
    func refusals() throws {
        let sid = bench.simulator.credentials.accountSID
        let twice = try SimulatedSubaccount(name: "Twice", sid: sid)
        let refused = try #require(throws: SimulatorError.self) {
            var configuration = SimulatorConfiguration()
            configuration.subaccounts = [twice]
            _ = try TwilioSimulator.start(configuration)
        }
        #expect(refused.code == .input && refused.message.contains(sid))
        #expect(throws: SimulatorError.self) { try SimulatedSubaccount(name: "") }
        #expect(throws: SimulatorError.self) { try SimulatedSubaccount(name: "x", sid: "AC1") }
    }
}
