import Foundation
import TestSupport
import Testing
import TwilioSimulator

@Suite("A host that can't be reached", .orderly, .needsFUSE)
struct UnreachableTests {
    /// The names in a directory; nil when listing it fails.
    private static func listed(_ mount: MountedAccount, _ directory: String) throws -> [String]? {
        let listing = try Command.run(["ls", directory], directory: mount.path)
        if listing.end == .exited(0) { return listing.text.split(separator: "\n").map(String.init) }
        #expect(listing.text == "" && listing.errorText.contains("Input/output error"), "\(listing.errorText)")
        return nil
    }

    @Test("An incomplete list fails soon, then at once, and is there when the host is; a complete one is always shown")
    func stopped() throws {
        func start(port: Int, latency: Int) throws -> SimulatedAccount {
            try SimulatedAccount(media: nil) {
                $0.apiPort = port
                $0.generatedRecordings = 4000
                $0.behaviour.pageSizeLimit = 10
                $0.behaviour.latencyMilliseconds = latency
            }
        }
        let account = try start(port: 0, latency: 400)
        let port = try #require(account.simulator.apiURL.split(separator: ":").last.flatMap { Int($0) })
        let mount = try MountedAccount(account)
        #expect(try Self.listed(mount, "compositions") == [])
        account.stop()

        // Without a memory of the failure each would take three quarters of a minute, and the test longer than it may.
        for _ in 0..<5 { #expect(try Self.listed(mount, "recordings") == nil) }
        #expect(try Self.listed(mount, "compositions") == [])
        #expect(mount.hasLogged("the list of voice recordings failed"))
        let reasons = mount.log.split(separator: "\n").filter {
            $0.contains(" error: the list of voice recordings failed")
        }
        #expect(reasons.count == 1 && reasons.allSatisfy { $0.contains("can't be reached") }, "\(mount.log)")

        _ = try start(port: port, latency: 0)
        #expect(try eventually(within: 70) { try Self.listed(mount, "recordings")?.count == 4000 }, "\(mount.log)")
        try mount.unmount()
    }
}
