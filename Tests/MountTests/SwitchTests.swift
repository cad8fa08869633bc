import Foundation
import TestSupport
import Testing

@Suite("Each answer that Twilio's services may give", .orderlyAndLong, .needsFUSE)
struct SwitchTests {
    /// The simulator's switches of each case; a case may combine switches that act on different requests.
    static let switches: [[String]] =
        [
            ["--voice-range", "ignored", "--media-length", "chunked"],
            ["--voice-length", "chunked", "--media-range", "ignored"],
            ["--voice-range", "ignored", "--voice-length", "chunked", "--media-address", "http"],
            ["--media-range", "ignored", "--media-length", "chunked", "--no-voice-head"],
            ["--no-unencrypted-length", "--page-size-limit", "1"], ["--unencrypted-md5", "--page-size-limit", "2"],
            ["--video-size", "plaintext", "--page-size-limit", "3"], ["--no-etag", "--error-format", "xml"],
            ["--latency", "30", "--bandwidth", "2000000"], ["--concurrency-limit", "1"],
            ["--concurrency-limit", "1", "--retry-after", "1"],
            [
                "--media-address", "absent", "--null-field", "duration", "--null-field", "call_sid", "--null-field",
                "size",
            ],
            ["--null-field", "channels", "--null-field", "codec", "--null-field", "room_sid"],
        ]
        + zip(
            ["301", "302", "307"].flatMap { [["--voice-redirect", $0], []] },
            ["documentation", "sample", "openapi"].flatMap { spelling in
                ["object", "string"].map { ["--encryption-spelling", spelling, "--encryption-form", $0] }
            }
        ).map { $0 + $1 }
        + ["RSA/ECB/OAEPWithSHA-256AndMGF1Padding", "RSA-OAEP-SHA1"].flatMap { wrap in
            ["AES/GCM/NoPadding", "AES/CBC/PKCS5Padding"].map {
                ["--metadata-version", "2", "--wrap-algorithm", wrap, "--content-algorithm", $0]
            }
        }

    @Test("Every file has its original's size and checksum", arguments: switches)
    func everyFile(_ switches: [String]) throws {
        let bench = try MountBench(switches: switches)
        #expect(try bench.mount.differences(from: bench.account) == [])
        let requests = try bench.account.requests()
        #expect(requests.contains { $0.host == "media" && $0.bodyBytes > 0 })
        #expect(requests.allSatisfy { $0.host == "api" || !$0.authorization }, "credentials go to Twilio alone")
    }

    @Test("Voice media whose address answers 404 at first is read in the end")
    func notFoundAtFirst() throws {
        let bench = try MountBench(switches: ["--voice-not-found", "2"])
        #expect(try bench.mount.differences(from: bench.account) == [])
    }

    @Test("Addresses that expire while a file is read are resolved again")
    func expiry() throws {
        let bench = try MountBench(switches: ["--url-lifetime", "1"])
        let original = try bench.account.original("long.mkv")
        let result = try python(
            """
            import hashlib, sys, time
            digest = hashlib.sha256()
            with open(sys.argv[1], "rb", buffering=0) as file:
                digest.update(file.read(65536))
                # Longer than the address lives, and far from the file's end: no more than that is read ahead of it.
                time.sleep(2.5)
                while part := file.read(65536):
                    digest.update(part)
            print(digest.hexdigest())
            """, bench.mount.path(of: original))
        #expect(result.lines == [original.file.sha256])
        let resolved = try bench.account.requests().filter { $0.path.hasSuffix("\(original.sid)/Media") }
        #expect(resolved.count > 1)
    }
}
