import Envelope
import Foundation
import Glibc
import Support
import TestSupport
import Testing
import TwilioSimulator

@testable import twiliofs

@Suite("Private key files", .orderly)
struct PrivateKeyFileTests {
    private static let sid = "CR0123456789abcdef0123456789abcdef"
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func contents(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

    private func file(_ text: String) throws -> String {
        try folder.secretFile("keys.pem", text)
    }

    /// The SHA-256 of the public keys, by openssl.
    private func fingerprints(_ paths: [String]) throws -> [String] {
        try paths.map { path in
            try Command.shell(#"openssl pkey -in "$1" -pubout -outform DER | sha256sum | cut -c1-64"#, path).lines[0]
        }
    }

    /// The two keys in one text, in each way in which they may stand there.
    private func texts() throws -> [String] {
        let first = try contents(KeyPair.shared.privateKey(.pkcs1))
        let second = try contents(KeyPair.other.privateKey(.pkcs8))
        let publicKey = try contents(KeyPair.shared.publicKey)
        return [
            first + second, "\u{FEFF}" + first + "\u{FEFF}" + second,
            (first + second).replacing("\n", with: "\r\n"), "note\n" + first + "\nanother note\n" + publicKey + second,
            first + second + publicKey, first + String(second.dropLast()),
        ]
    }

    @Test("All keys of a file are read, with byte order marks, CRLF and other things between them")
    func sections() throws {
        let expected = try fingerprints([KeyPair.shared.privateKey(), KeyPair.other.privateKey()])
        for text in try texts() {
            let pem = try SecretReader().contents(file(text), what: "key", status: .privateKey)
            let keys = try PrivateKey.sections(ofPEM: pem).map { try PrivateKey(pem: $0, passphrase: nil) }
            #expect(keys.map(\.publicKeyFingerprint) == expected)
        }
    }

    @Test("A second key that is damaged or cut off is refused, with the file and its number")
    func damage() throws {
        let first = try contents(KeyPair.shared.privateKey())
        let second = try contents(KeyPair.other.privateKey())
        let damaged = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"
        for text in [first + damaged, first + second.prefix(500)] {
            let path = try file(text)
            var keys = PrivateKeys(secrets: SecretReader(), passphraseFile: nil)
            let failure = #expect(throws: Failure.self) { try keys.load([path]) }
            #expect(failure?.code == .privateKey)
            #expect(failure?.message.contains("'\(path) (key 2)'") == true)
        }
    }

    @Test(
        "A key whose file doesn't exist, and looks like a slip of the form, is told what is wrong",
        arguments: [
            ("CRzz=a.pem", "'CRzz' isn't the SID of a public key"), ("audio:a.pem", "neither 'voice' nor 'video'"),
            ("\(Self.sid):a.pem", "followed by '=', not by ':'"), ("voice=a.pem", "followed by ':', not by '='"),
            ("\(Self.sid)=video:a.pem", "'video:' goes before the SID"), ("video:CR1=a.pem", "'CR1' isn't the SID"),
        ] as [(String, String)])
    func slips(argument: String, words: String) {
        var keys = PrivateKeys(secrets: SecretReader(), passphraseFile: nil)
        let failure = #expect(throws: Failure.self) { try keys.load([argument]) }
        #expect(failure?.code == .privateKey)
        #expect(failure?.message.contains(words) == true, "\(failure?.message ?? "")")
        #expect(failure?.message.contains("[voice:|video:][CR…=]FILE") == true)
    }

    @Test(
        "A file that doesn't exist is no slip, and a file with a colon or an equals sign in its name is read",
        arguments: ["a.pem", "CR=.pem", "audio:a.pem"])
    func files(name: String) throws {
        let path = try folder.secretFile(name, contents(KeyPair.shared.privateKey()))
        var keys = PrivateKeys(secrets: SecretReader(), passphraseFile: nil)
        #expect(throws: Never.self) { try keys.load([path]) }
        let failure = #expect(throws: Failure.self) { try keys.load([path + "-absent"]) }
        #expect(failure?.message.contains("No such file") == true)
    }

    @Test("A passphrase is read once for all keys, and blanks around it do no harm")
    func passphrase() throws {
        let encrypted = try contents(KeyPair.shared.privateKey(.encryptedPKCS8))
        let other = try contents(KeyPair.other.privateKey(.encryptedPKCS8))
        let path = try file(encrypted + other)
        for text in ["\(KeyPair.passphrase)\r\n", "  \(KeyPair.passphrase) \n", "\u{FEFF}\(KeyPair.passphrase)"] {
            let pipe = folder.path("pipe-\(UUID().uuidString)")
            mkfifo(pipe, 0o600)
            let writer = try RunningCommand(["sh", "-c", #"printf %s "$1" >"$0""#, pipe, text])
            var keys = PrivateKeys(secrets: SecretReader(), passphraseFile: pipe)
            #expect(throws: Never.self) { try keys.load([path]) }
            #expect(try writer.wait().end == .exited(0))
        }
    }

    @Test(
        "Recordings of both keys of one file can be read, whether or not the file is that of a SID",
        .enabled(if: KernelSupport.isExpected, Comment(rawValue: KernelSupport.reason)))
    func mounted() throws {
        let path = try file(
            contents(KeyPair.shared.privateKey()) + contents(KeyPair.other.privateKey(.pkcs1)))
        for pair in [try KeyPair.shared, try KeyPair.other] {
            let account = try SimulatedAccount(media: TestMedia.small, publicKeys: [.init(pem: pair.publicPEM)])
            let sid = try #require(account.simulator.publicKeySID)
            for argument in [path, "\(sid)=\(path)"] {
                let mount = try MountedAccount(account, keys: [argument])
                #expect(try mount.differences(from: account) == [])
            }
        }
    }
}
