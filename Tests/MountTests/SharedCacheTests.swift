import Foundation
import Glibc
import TestSupport
import Testing
import TwilioSimulator

@Suite("Mounts with different profiles on one cache folder", .orderly, .needsFUSE)
struct SharedCacheTests {
    private static let restrictedKey = "SK" + String(repeating: "7", count: 32)

    /// An account with a subaccount, the same account in another region, and a file with profiles for all of it.
    private struct Bench {
        let folder: TemporaryFolder
        let home: SimulatedAccount
        /// In the other region, whose data is separate.
        let abroad: SimulatedAccount

        init() throws {
            let folder = try TemporaryFolder()
            self.folder = folder
            try folder.file("own/recordings/own.wav", TestMedia.noise(200_000, seed: 8))
            try folder.file("own/compositions/own.mp4", TestMedia.noise(300_000, seed: 9))
            try folder.file("abroad/recordings/abroad.wav", TestMedia.noise(150_000, seed: 10))
            home = try SimulatedAccount(media: TestMedia.small) {
                $0.subaccounts = [try SimulatedSubaccount(name: "own", mediaFolder: folder.path("own"))]
                $0.keys = [try Self.restrictedKey(reaching: [.recording])]
            }
            abroad = try SimulatedAccount(media: URL(filePath: folder.path("abroad"))) {
                $0.credentials.apiSecret = "secret-abroad"
            }
            let (main, own) = (home.simulator.credentials, home.simulator.subaccounts[0])
            let other = abroad.simulator.credentials
            func profile(_ account: String, _ key: String, _ secret: String, region: String? = nil) -> [String: String]
            {
                var profile = ["accountSid": account, "apiKey": key, "apiSecret": secret]
                profile["region"] = region
                return profile
            }
            let profiles = [
                "main": profile(main.accountSID, main.apiKey, main.apiSecret),
                "voice": profile(main.accountSID, SharedCacheTests.restrictedKey, "restricted-7e5ac0"),
                "own": profile(own.sid, own.sid, own.authToken),
                "irish": profile(other.accountSID, other.apiKey, other.apiSecret, region: "ie1"),
            ]
            chmod(try folder.file("config.json", JSONEncoder().encode(["profiles": profiles])), 0o600)
        }

        static func restrictedKey(reaching kinds: [MediaKind]) throws -> SimulatedKey {
            try SimulatedKey(sid: SharedCacheTests.restrictedKey, secret: "restricted-7e5ac0", kinds: kinds)
        }

        func mount(_ profile: String) throws -> MountedAccount {
            let isVoiceAlone = profile == "voice" || profile == "irish"
            return try MountedAccount(
                profile == "irish" ? abroad : home,
                options: ["--profile", profile, "--refresh", "1"] + (isVoiceAlone ? ["--kinds", "voice"] : []),
                cacheFolder: folder.path("cache"), environment: ["TWILIO_CONFIG_DIR": folder.url.path])
        }

        /// What the mount of a profile has to show: a line for each file.
        func expected(_ profile: String) throws -> [String] {
            let originals =
                switch profile {
                case "main": try home.originals()
                case "voice": try home.originals().filter { $0.value.kind == .recording }
                case "own": try home.originals(of: home.simulator.subaccounts[0].sid)
                default: try abroad.originals()
                }
            return originals.map { "\($1.sha256)  ./\($1.mountedPath(sid: $0))" }.sorted()
        }
    }

    /// What a mount shows: a line for each file.
    private func contents(_ mount: MountedAccount) throws -> [String] {
        try Command.shell(
            "find . \\( -name .twiliofs -o -name metadata \\) -prune -o -type f -exec sha256sum {} +",
            directory: mount.path
        ).lines.sorted()
    }

    @Test("All at once, each shows its account or region as far as its key reaches, and no other's recordings")
    func together() throws {
        let bench = try Bench()
        let names = ["main", "voice", "own", "irish"]
        // The second time, from what all of them have left.
        for _ in 0..<2 {
            let mounts = try names.map { try bench.mount($0) }
            for (name, mount) in zip(names, mounts) {
                #expect(try contents(mount) == bench.expected(name), "\(name): \(mount.log)")
            }
            for mount in mounts { #expect(try mount.unmount().end == .exited(0)) }
        }
        #expect(!bench.abroad.requests.isEmpty && bench.abroad.requests.allSatisfy { $0.status != 401 })
        #expect(bench.home.requests.allSatisfy { $0.status != 401 })
    }

    @Test("A key that is refused from now on spoils neither the mounts of other keys nor its own later")
    func refused() throws {
        let bench = try Bench()
        let names = ["main", "own", "irish"]
        let mounts = try names.map { try bench.mount($0) }
        let voice = try bench.mount("voice")
        #expect(try contents(voice) == bench.expected("voice"))

        bench.home.simulator.keys = [try Bench.restrictedKey(reaching: [])]
        try wait(until: "the key is refused") {
            try Command.run(["ls", "\(voice.path)/recordings"]).errorText.contains("Permission denied")
        }
        // What is new comes by the other key, whose mount has the same catalog.
        let file = try bench.folder.file("new.wav", TestMedia.noise(120_000, seed: 12))
        let sid = try bench.home.simulator.add(.recording, file: file, fields: ["status": "completed"])
        try wait(until: "the other mount of the account shows it") {
            try Command.require(["ls", "recordings"], directory: mounts[0].path).text.contains(sid)
        }
        for (name, mount) in zip(names, mounts) {
            #expect(try contents(mount) == bench.expected(name), "\(name): \(mount.log)")
        }
        #expect(try Command.run(["ls", "\(voice.path)/recordings"]).errorText.contains("Permission denied"))

        bench.home.simulator.keys = [try Bench.restrictedKey(reaching: [.recording])]
        try wait(until: "the key reaches the list again") {
            try Command.run(["ls", "\(voice.path)/recordings"]).end == .exited(0)
        }
        try wait(until: "it shows what is new, too") { try contents(voice) == bench.expected("voice") }
    }
}
