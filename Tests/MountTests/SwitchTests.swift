import Foundation
import TestSupport
import Testing
import TwilioSimulator

@Suite("Each answer that Twilio's services may give", .orderlyAndLong, .needsFUSE)
struct SwitchTests {
    /// What differs from the documented behaviour in each case; a case may combine what acts on different requests.
    static let changes: [JSONValue] =
        [
            ["voiceRange": "ignored", "mediaLength": "chunked"], ["voiceLength": "chunked", "mediaRange": "ignored"],
            ["voiceRange": "ignored", "voiceLength": "chunked", "mediaAddress": "http"],
            ["mediaRange": "ignored", "mediaLength": "chunked", "voiceHeadSupported": false],
            ["sendsUnencryptedLength": false, "pageSizeLimit": 1], ["sendsUnencryptedMD5": true, "pageSizeLimit": 2],
            ["videoSize": "plaintext", "pageSizeLimit": 3], ["sendsETag": false, "errorFormat": "xml"],
            ["latencyMilliseconds": 30, "bytesPerSecond": 2_000_000], ["concurrencyLimit": 1],
            ["concurrencyLimit": 1, "retryAfterSeconds": 1],
            ["mediaAddress": "absent", "nullFields": ["duration", "call_sid", "size"]],
            ["nullFields": ["channels", "codec", "room_sid"]],
        ]
        + zip(
            ["301", "none", "302", "none", "307", "none"],
            ["documentation", "sample", "openapi"].flatMap { spelling in
                ["object", "string"].map { (spelling, $0) }
            }
        ).map { redirect, encryption in
            [
                "voiceRedirect": .string(redirect), "encryptionSpelling": .string(encryption.0),
                "encryptionForm": .string(encryption.1),
            ]
        }
        + ["RSA/ECB/OAEPWithSHA-256AndMGF1Padding", "RSA-OAEP-SHA1"].flatMap { wrap in
            ["AES/GCM/NoPadding", "AES/CBC/PKCS5Padding"].map { content in
                ["metadataVersion": "2", "wrapAlgorithm": .string(wrap), "contentAlgorithm": .string(content)]
            }
        }

    @Test("Every file has its original's size and checksum", arguments: changes)
    func everyFile(_ changes: JSONValue) throws {
        let bench = try MountBench { $0.behaviour = try $0.behaviour.merging(changes) }
        #expect(try bench.mount.differences(from: bench.account) == [])
        let requests = bench.account.requests
        #expect(requests.contains { $0.host == .media && $0.bodyBytes > 0 })
        #expect(requests.allSatisfy { $0.host == .api || !$0.authorization }, "credentials go to Twilio alone")
    }

    @Test("Voice media whose address answers 404 at first is read in the end")
    func notFoundAtFirst() throws {
        let bench = try MountBench { $0.behaviour.voiceNotFoundCount = 2 }
        #expect(try bench.mount.differences(from: bench.account) == [])
    }

    @Test("Addresses that expire while a file is read are resolved again")
    func expiry() throws {
        let bench = try MountBench { $0.behaviour.urlLifetimeSeconds = 1 }
        let original = try bench.account.original("long.mkv")
        let result = try Python.run("digest", "paused", bench.mount.path(of: original))
        #expect(result.lines == [original.file.sha256])
        let resolved = bench.account.requests.filter { $0.path.hasSuffix("\(original.sid)/Media") }
        #expect(resolved.count > 1)
    }
}
