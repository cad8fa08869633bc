import Support
import TestSupport
import Testing
import TwilioSimulator

@Suite("Secrets of the simulator that are replaced", .orderly)
struct ReplacedSecretTests {
    private let bench: SimulatorBench
    private let path: String

    init() throws {
        bench = try SimulatorBench()
        path = "/2010-04-01/Accounts/\(bench.simulator.credentials.accountSID)/Recordings.json"
    }

    private func status(_ login: String) throws -> Int {
        try bench.curl(bench.simulator.apiURL + path, ["-u", login]).status
    }

    @Test("From the next request on, a new secret is accepted and the one before refused; the others stay")
    func replaced() throws {
        let credentials = bench.simulator.credentials
        let token = "\(credentials.accountSID):\(credentials.authToken)"
        let secret = "\(credentials.apiKey):\(credentials.apiSecret)"
        #expect(try status(token) == 200 && status(secret) == 200)
        try bench.simulator.control("PATCH", "credentials", body: #"{"authToken":"another"}"#)
        #expect(try status(token) == 401 && status(secret) == 200)
        #expect(try status("\(credentials.accountSID):another") == 200)
        try bench.simulator.replaceSecrets(apiSecret: "other")
        #expect(try status(secret) == 401)
        #expect(try status("\(credentials.apiKey):other") == 200)
    }
}
