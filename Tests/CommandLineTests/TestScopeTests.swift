import Foundation
import TestSupport
import Testing
import TwilioSimulator

@Suite("What a test makes", .orderly)
struct TestScopeTests {
    @Test("A folder stays until the end of its test, although only its path is used")
    func folder() throws {
        let path = try TemporaryFolder().folder("inner")
        #expect(FileManager.default.fileExists(atPath: path))
    }

    @Test("A simulated account answers until the end of its test, although only its address is used")
    func account() throws {
        let url = try SimulatedAccount(media: nil).simulator.apiURL
        #expect(try Command.require(["curl", "-s", "\(url)/_simulator/requests"]).text.hasPrefix("["))
    }
}
