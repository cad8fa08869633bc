import ModuleTestSupport
import Support
import TestSupport
import Testing
import TwilioSimulator

@testable import Transfer
@testable import TwilioAPI

@Suite("The check of credentials before a mount", .orderly)
struct CredentialCheckTests {
    private typealias Kind = TwilioAPI.MediaKind

    /// What a key reaches and what is to be shown, in all combinations that show something.
    static let combinations: [(reached: [TwilioAPI.MediaKind], shown: [TwilioAPI.MediaKind])] = {
        let subsets = (0..<8).map { bits in
            TwilioAPI.MediaKind.allCases.enumerated().filter { bits >> $0.offset & 1 == 1 }.map(\.element)
        }
        return subsets.flatMap { reached in subsets.dropFirst().map { (reached, $0) } }
    }()

    /// The numbers of refusals, as the simulator and its users know them.
    static let refusals: [(Int, Int)] = [(401, 20003), (403, 20403), (404, 20404), (403, 70052)]

    @Test("What is shown has to be reached, and nothing else", arguments: refusals)
    func table(status: Int, code: Int) throws {
        let bench = try AccountBench()
        for (reached, shown) in Self.combinations {
            // The simulator's names of kinds are those of their directories, in the singular.
            let kinds = reached.map { "\"\($0.directoryName.dropLast())\"" }.joined(separator: ",")
            try bench.simulator.control(
                "POST", "keys",
                body: #"{"sid":"\#(bench.simulator.credentials.accountSID)","kinds":[\#(kinds)],"#
                    + #""status":\#(status),"code":\#(code)}"#)
            bench.simulator.clearRequests()
            let missing = shown.filter { !reached.contains($0) }
            let check = { try CredentialCheck(patience: Patience()).run(bench.client, Set(shown)) }
            if missing.isEmpty {
                #expect(throws: Never.self) { try check() }
            } else {
                let error = try #require(#expect(throws: TwilioError.self) { try check() })
                let rest = shown.filter(reached.contains)
                #expect(error.status == status && error.twilioCode == code)
                if !rest.isEmpty {
                    #expect(error.code == .listsRefused)
                    let kinds = rest.map(\.commandLineName).joined(separator: ",")
                    #expect(error.message.contains("--kinds \(kinds) "), "\(error.message)")
                    for kind in missing { #expect(error.message.contains(kind.pluralName), "\(error.message)") }
                    #expect(error.message.contains("status \(status)") && error.message.contains("127.0.0.1"))
                    #expect(error.message.contains("error \(code)"))
                } else if status == 401 {
                    #expect(error.code == (shown.contains(.voiceRecording) ? .unauthorized : .listsRefused))
                }
            }
            #expect(bench.simulator.requests.count == shown.count, "a refused list isn't asked for again")
        }
    }

    @Test("A region without video is named, and one that has it isn't")
    func region() throws {
        let simulator = try TwilioSimulator.start(SimulatorConfiguration())
        defer { simulator.stop() }
        simulator.behaviour.servesVideo = false
        let api = try TestClient(simulator)
        defer { api.shutDown() }
        for (region, isNamed) in [("ie1", true), ("au1", true), ("us1", false), (nil, false)] {
            let client = TwilioClient(
                account: api.client.account,
                credentials: FixedCredential(
                    Credential(username: "\(api.client.account)", password: simulator.credentials.authToken)),
                endpoints: try Endpoints(region: region, api: simulator.apiURL, video: simulator.apiURL),
                transfer: api.transfer)
            let error = #expect(throws: TwilioError.self) {
                try CredentialCheck(patience: Patience()).run(client, Set(Kind.allCases))
            }
            #expect(error?.code == .listsRefused && error?.message.contains("--kinds voice ") == true)
            #expect(error?.message.contains("the region \(region ?? "") has no video") == isNamed)
            #expect(throws: Never.self) { try CredentialCheck(patience: Patience()).run(client, [.voiceRecording]) }
        }
    }

    @Test("Many subaccounts are asked a few at a time, each with its own credential")
    func subaccounts() throws {
        let bench = try AccountBench { configuration in
            configuration.subaccounts = (0..<40).compactMap { try? SimulatedSubaccount(name: "number\($0)") }
            configuration.behaviour.concurrencyLimit = 16
        }
        func accounts(wrong: Int? = nil) throws -> [(client: TwilioClient, kinds: Set<TwilioAPI.MediaKind>)] {
            try bench.simulator.subaccounts.enumerated().map { index, account in
                let own = Credential(
                    username: account.sid, password: index == wrong ? "another" : account.authToken)
                let client = bench.client.client(
                    forSubaccount: try #require(SID(account.sid)), videoCredentials: FixedCredential(own))
                return (client, Set(Kind.allCases))
            }
        }
        let check = CredentialCheck(patience: Patience(giveUp: .seconds(10)))
        try check.run(ofSubaccounts: accounts())
        #expect(bench.simulator.requests.count { $0.status == 200 } == 120)
        let wrong = bench.simulator.subaccounts[7].sid
        let refusal = #expect(throws: TwilioError.self) { try check.run(ofSubaccounts: accounts(wrong: 7)) }
        #expect(refusal?.code == .listsRefused)
        let sentence = refusal?.message ?? ""
        #expect(
            sentence.contains("the lists of video recordings and compositions of the subaccount \(wrong) to \(wrong)"))
        #expect(sentence.contains("status 401") && sentence.contains("--subaccount-credentials"))
        // What may pass is no refusal: the mount is tried again.
        bench.simulator.faults = [.init(.status(400), path: "*/Recordings.json")]
        let failure = #expect(throws: TwilioError.self) { try check.run(ofSubaccounts: accounts()) }
        #expect(failure?.code == .refused)
    }

    @Test("After a failure that isn't a refusal no further list is asked for")
    func inVain() throws {
        let server = try LoopbackServer { _ in LoopbackServer.Answer(status: 400) }
        defer { server.stop() }
        let api = try TestClient(url: server.url)
        defer { api.shutDown() }
        let accounts = (0..<1000).map { _ in (client: api.client, kinds: Set(Kind.allCases)) }
        let error = #expect(throws: TwilioError.self) {
            try CredentialCheck(patience: Patience()).run(ofSubaccounts: accounts)
        }
        #expect(error?.code == .refused)
        #expect(server.requests.count < 1000)
    }
}
