import Foundation
import TestSupport
import Testing
import TwilioSimulator

@Suite("What the simulator seals, others open", .orderly)
struct SealingTests {
    @Test(
        "Twilio's tutorial for video, command by command, gives the original",
        arguments: [
            ("video-recordings/track.mka", 746_518), ("video-recordings/camera.mkv", 1_000_000),
            ("compositions/room.mp4", 16), ("compositions/room.webm", 0), ("compositions/aligned.mp4", 131_072),
        ])
    func tutorial(file: String, size: Int) throws {
        let content = noise(size)
        let bench = try SimulatorBench(files: [file: content])
        let sid = try bench.sid(String(try #require(file.split(separator: "/").last)))
        let answer = try bench.curl(bench.address(sid))
        #expect(answer.status == 200)
        #expect(answer.headers["content-length"] == String((size / 16 + 1) * 16))
        #expect(answer.headers["x-amz-meta-x-amz-unencrypted-content-length"] == String(size))
        #expect(answer.headers["x-amz-meta-x-amz-matdesc"] == "{}")
        let key = try SimulatorBench.keys[0].get().privateKey()
        try bench.folder.file("encrypted-filename", answer.body)
        try Command.shell(
            #"""
            echo "$2" | base64 -d >key.bin.enc
            openssl pkeyutl -decrypt -inkey "$1" -in key.bin.enc -out key.bin
            openssl rsautl -decrypt -inkey "$1" -in key.bin.enc -out key2.bin
            cmp key.bin key2.bin
            echo "$3" | base64 -d >iv.bin
            openssl enc -d -aes-256-cbc -in encrypted-filename -out decrypted-filename \
                -K "$(od -An -v -tx1 key.bin | tr -d ' \n')" -iv "$(od -An -v -tx1 iv.bin | tr -d ' \n')"
            """#, key, answer.headers["x-amz-meta-x-amz-key"] ?? "", answer.headers["x-amz-meta-x-amz-iv"] ?? "",
            directory: bench.folder.url.path)
        #expect(try Data(contentsOf: bench.folder.url.appending(path: "decrypted-filename")) == content)
    }

    @Test("Twilio's documented steps for voice, in Python, give the original")
    func voice() throws {
        let content = try wave(seconds: 2)
        let bench = try SimulatorBench(files: ["recordings/call.wav": content])
        let sid = try bench.sid("call.wav")
        let resource = try bench.api("\(bench.accountPath)/Recordings/\(sid).json").json
        #expect(resource["duration"] == "2")
        let details = try #require(resource["encryption_details"]?.object)
        #expect(details["type"] == "rsa-aes")
        let sealed = try bench.api(try bench.voiceMedia("call.wav")).body
        #expect(sealed.count == content.count + 16)
        #expect(try opened(sealed, key: details["encrypted_cek"]?.string, iv: details["iv"]?.string) == content)
    }

    @Test("A generated recording opens too, and is what the simulator says it is")
    func generated() throws {
        let bench = try SimulatorBench { $0.generatedRecordings = 1000 }
        let sid = TwilioSimulator.generatedSID(437)
        let details = try bench.api("\(bench.accountPath)/Recordings/\(sid).json").json["encryption_details"]
        let sealed = try bench.api("\(bench.accountPath)/Recordings/\(sid).wav").body
        let opened = try opened(sealed, key: details?["encrypted_cek"]?.string, iv: details?["iv"]?.string)
        #expect(opened == Data(TwilioSimulator.generatedContent(437)))
    }

    @Test(
        "Version 2 of the metadata is sealed as it says",
        arguments: Behaviour.WrapAlgorithm.allCases, Behaviour.ContentAlgorithm.allCases)
    func versionTwo(wrap: Behaviour.WrapAlgorithm, content algorithm: Behaviour.ContentAlgorithm) throws {
        let content = noise(70_001)
        let bench = try SimulatorBench(files: ["video-recordings/track.mka": content]) {
            $0.behaviour.metadataVersion = .two
            $0.behaviour.wrapAlgorithm = wrap
            $0.behaviour.contentAlgorithm = algorithm
        }
        let answer = try bench.curl(bench.address(bench.sid("track.mka")))
        #expect(answer.headers["x-amz-meta-x-amz-wrap-alg"] == wrap.rawValue)
        #expect(answer.headers["x-amz-meta-x-amz-cek-alg"] == algorithm.rawValue)
        #expect(answer.headers["x-amz-meta-x-amz-tag-len"] == (algorithm == .gcm ? "128" : nil))
        #expect(answer.headers["x-amz-meta-x-amz-key"] == nil)
        let opened = try opened(
            answer.body, key: answer.headers["x-amz-meta-x-amz-key-v2"], iv: answer.headers["x-amz-meta-x-amz-iv"],
            digest: wrap == .oaepSHA1 ? "SHA1" : "SHA256", cipher: algorithm == .cbc ? "CBC" : "GCM")
        #expect(opened == content)
    }

    @Test("A side file chooses the key that seals, and unencrypted media is served as it is")
    func keys() throws {
        let content = try wave(seconds: 1)
        let side = Data(#"{"public_key_sid":"\#(SimulatorBench.secondKeySID)"}"#.utf8)
        let bench = try SimulatorBench(files: [
            "recordings/other.wav": content, "recordings/other.wav.json": side,
            "recordings/unencrypted/plain.wav": content,
        ])
        let resource = try bench.api("\(bench.accountPath)/Recordings/\(bench.sid("other.wav")).json").json
        let details = resource["encryption_details"]
        #expect(details?["public_key_sid"]?.string == SimulatorBench.secondKeySID)
        let opened = try opened(
            bench.api(bench.voiceMedia("other.wav")).body, key: details?["encrypted_cek"]?.string,
            iv: details?["iv"]?.string, with: SimulatorBench.keys[1])
        #expect(opened == content)
        let plain = try bench.api("\(bench.accountPath)/Recordings/\(bench.sid("plain.wav")).json").json
        #expect(plain["encryption_details"] == .null)
        #expect(try bench.api(bench.voiceMedia("plain.wav")).body == content)
    }

    /// Opens sealed media by Twilio's documented steps.
    private func opened(
        _ sealed: Data, key: String?, iv: String?, digest: String = "SHA256", cipher: String = "GCM",
        with pair: Result<KeyPair, any Error> = SimulatorBench.keys[0]
    ) throws -> Data {
        try Python.run(
            "open_sealed", pair.get().privateKey(), #require(key), #require(iv), digest, cipher, usesPackages: true,
            input: sealed
        ).output
    }
}
