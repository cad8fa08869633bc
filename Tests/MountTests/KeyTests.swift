import Foundation
import Glibc
import TestSupport
import Testing
import TwilioSimulator

@Suite("Keys and who may read", .orderly, .needsFUSE)
struct KeyTests {
    @Test("Each format and length of key opens everything", arguments: KeyPair.Format.allCases, [2048, 3072, 4096])
    func formats(_ format: KeyPair.Format, bits: Int) throws {
        let key = try KeyPair.shared(bits: bits)
        let bench = try MountBench(
            publicKeys: [.init(pem: key.publicPEM)], keys: [key.privateKey(format)],
            options: format == .encryptedPKCS8 ? ["--key-passphrase-file", key.passphraseFile] : [])
        #expect(try bench.mount.differences(from: bench.account) == [])
    }

    @Test("Files whose key isn't held are listed, can't be opened, and the log says so once")
    func wrongKey() throws {
        let bench = try MountBench(keys: [KeyPair.other.privateKey()], options: ["--log-level", "info"])
        let differences = try bench.mount.differences(from: bench.account) { !$0.encrypted }
        #expect(differences == [], "sizes are right, and unencrypted files can be read")
        for name in ["long.wav", "short.wav", "long.mkv", "blocks.mp4"] {
            let result = try Command.run(["cat", bench.path(name)])
            #expect(result.end == .exited(1) && result.errorText.contains("Required key not available"), "\(name)")
        }
        let sid = try #require(bench.account.simulator.publicKeySID)
        // The first recording is named at once; how many there are is told when it is known.
        #expect(bench.mount.hasLogged("can't be opened"))
        let lines = bench.mount.log.split(separator: "\n")
        #expect(lines.count { $0.contains("can't be opened") && $0.contains(sid) } == 1, "\(bench.mount.log)")
        let isCounted = eventually(within: 20) {
            bench.mount.log.contains("recordings are encrypted for \(sid), whose private key isn't held")
        }
        #expect(isCounted, "\(bench.mount.log)")
    }

    @Test("Without a key, unencrypted files can be read")
    func noKey() throws {
        let bench = try MountBench(keys: [])
        #expect(try bench.mount.differences(from: bench.account) { !$0.encrypted } == [])
        #expect(try Command.run(["cat", bench.path("long.wav")]).errorText.contains("Required key not available"))
    }

    @Test("Several keys are found by their SID, and without one by trying")
    func severalKeys() throws {
        let (first, second) = (try KeyPair.shared, try KeyPair.other)
        let sid = "CR" + String(repeating: "2", count: 32)
        let media = try TestMedia.small.appending(path: "recordings/long.wav").path
        for keys in [
            [first.privateKey(), "\(sid)=\(second.privateKey())"], [second.privateKey(), first.privateKey()],
            ["\(sid)=\(first.privateKey())", second.privateKey(), "video:\(first.privateKey())"],
            ["voice:\(second.privateKey())", "video:\(first.privateKey())", "voice:\(first.privateKey())"],
        ] {
            let bench = try MountBench(
                publicKeys: [.init(pem: first.publicPEM), .init(sid: sid, pem: second.publicPEM)], keys: keys)
            try bench.account.change(
                resource: #"{"action":"add","kind":"recording","path":"\#(media)","#
                    + #""fields":{"public_key_sid":"\#(sid)","sid":"RE\#(String(repeating: "7", count: 32))"}}"#)
            let added = "\(bench.mount.path)/recordings/RE\(String(repeating: "7", count: 32)).wav"
            #expect(
                try Command.require(["sha256sum", added]).text.prefix(64)
                    == bench.account.original("long.wav").file.sha256[...])
            #expect(try bench.checksum("blocks.mp4") == bench.account.original("blocks.mp4").file.sha256)
        }
    }

    @Test("An account behind TLS is read with its authority's certificate")
    func secure() throws {
        let bench = try MountBench { $0.tls = true }
        #expect(bench.account.simulator.apiURL.hasPrefix("https:"))
        #expect(try bench.mount.differences(from: bench.account) == [])
    }

    @Test("Authorities that the environment names are trusted, and keys of connections are written nowhere")
    func secureByEnvironment() throws {
        let account = try SimulatedAccount(media: TestMedia.small) { $0.tls = true }
        let authority = try #require(account.simulator.authorityFile)
        let folder = try TemporaryFolder()
        for name in ["CURL_CA_BUNDLE", "SSL_CERT_FILE"] {
            let mount = try MountedAccount(
                account, namesAuthority: false,
                environment: [name: authority, "SSLKEYLOGFILE": folder.path("keys")])
            #expect(try mount.differences(from: account) == [])
            #expect(try mount.unmount().end == .exited(0))
            #expect(!FileManager.default.fileExists(atPath: folder.path("keys")))
        }
    }

    @Test("Owner, group and mode are what the options say", .enabled(if: getuid() == 0, "needs root"))
    func ownership() throws {
        let bench = try MountBench(options: ["--allow-other", "--uid", "1234", "--gid", "2345", "--umask", "027"])
        #expect(
            try bench.shell("stat -c '%u %g %a' . recordings recordings/* | sort -u").lines
                == ["1234 2345 640", "1234 2345 750"])
        let owner = try Command.run(
            ShellScript.asUser(1234, group: 1) + ["sha256sum", bench.path("long.wav")])
        #expect(try owner.text.prefix(64) == bench.account.original("long.wav").file.sha256[...])
        let other = try Command.run(
            ShellScript.asUser(4321, group: 1) + ["cat", bench.path("long.wav")])
        #expect(other.errorText.contains("Permission denied"))
    }

    @Test("Without --allow-other nobody else comes in", .enabled(if: getuid() == 0, "needs root"))
    func nobodyElse() throws {
        let bench = try MountBench(options: ["--umask", "0"])
        let other = try Command.run(
            ShellScript.asUser(4321, group: 1) + ["ls", bench.mount.path])
        #expect(other.end == .exited(2) && other.errorText.contains("Permission denied"))
    }
}
