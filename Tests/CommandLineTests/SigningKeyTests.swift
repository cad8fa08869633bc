import ArgumentParser
import Credentials
import Envelope
import Foundation
import Support
import TestSupport
import Testing
import Transfer
import TwilioAPI

@testable import twiliofs

@Suite("Signing keys", .orderly)
struct SigningKeyTests {
    private static let account = "AC" + String(repeating: "1", count: 32)
    private static let subaccount = "AC" + String(repeating: "2", count: 32)
    private static let sid = "CR0123456789abcdef0123456789abcdef"
    private let folder: TemporaryFolder

    init() throws {
        folder = try TemporaryFolder()
    }

    private func load(
        _ arguments: [String], keys: [String] = [], passphraseFile: String? = nil
    ) throws -> SigningKeys {
        var reader = PrivateKeys(secrets: SecretReader(), passphraseFile: passphraseFile)
        let ring = try reader.load(keys)
        return try SigningKeys(
            arguments, account: try #require(SID(Self.account)), known: ring.publicKeySIDs, reader: &reader)
    }

    private func failure(_ arguments: [String], keys: [String] = []) throws -> Failure {
        try #require(throws: Failure.self) { _ = try load(arguments, keys: keys) }
    }

    /// Whether requests of an account are signed.
    private func signs(_ keys: SigningKeys, _ account: String, username: String? = nil) throws -> Bool {
        let credential = Credential(
            username: username ?? "SK" + String(repeating: "3", count: 32), password: "secret")
        let provider = try keys.sign(FixedCredential(credential), of: #require(SID(account)), at: Endpoints())
        let request = OutgoingRequest(method: .get, url: try #require(URL(string: "https://api.twilio.com/")))
        if case .signed = provider.authorization(for: request) { return true }
        return false
    }

    @Test("An argument is an account, a public key and a file", arguments: ["", "AC", "CR", "AC CR"])
    func parts(given: String) throws {
        let (account, publicKey) = (given.contains("AC"), given.contains("CR"))
        let text = (account ? "\(Self.subaccount):" : "") + (publicKey ? "\(Self.sid)=" : "") + "a:b=c.pem"
        let parts = SigningKeys.split(text)
        #expect(parts.account?.description == (account ? Self.subaccount : nil))
        #expect(parts.publicKey?.description == (publicKey ? Self.sid : nil))
        #expect(parts.path == "a:b=c.pem")
    }

    @Test("Any other text is a file", arguments: ["AC1:CR2=x", "CR0:x", "SK0=x", "=x", ":x", "", "x"])
    func onlyFile(text: String) {
        let parts = SigningKeys.split(text)
        #expect(parts.account == nil && parts.publicKey == nil && parts.path == text)
    }

    @Test("A key signs for the account, or for the one that it names")
    func accounts() throws {
        let file = try KeyPair.shared.privateKey()
        let keys = try load(["\(Self.sid)=\(file)"])
        #expect(try signs(keys, Self.account) && !signs(keys, Self.subaccount))
        let others = try load(["\(Self.subaccount):\(Self.sid)=\(file)"])
        #expect(try !signs(others, Self.account) && signs(others, Self.subaccount))
        #expect(try !signs(load([]), Self.account))
        let both = try load(["\(Self.sid)=\(file)", "\(Self.subaccount):\(Self.sid)=\(file)"])
        #expect(try signs(both, Self.account) && signs(both, Self.subaccount))
        let own = ["--account-sid", Self.account, "--api-key", "SK" + String(repeating: "3", count: 32)]
        let configuration = try AccountConfiguration(
            AccountOptions.parse(own), environment: Environment(["TWILIO_API_SECRET": "secret"]))
        let subaccount = try #require(SID(Self.subaccount))
        let key = FixedCredential(Credential(username: "SK" + String(repeating: "4", count: 32), password: "x"))
        let credentials = KindCredentials(video: nil, subaccounts: [subaccount: key])
        let providers = try both.sign(configuration, credentials)
        #expect(providers.main is ClientValidation && providers.subaccounts?[subaccount] is ClientValidation)
        let main = try keys.sign(configuration, credentials)
        #expect(main.main is ClientValidation && main.subaccounts?[subaccount] is FixedCredential)
        for subaccounts in [nil, [:]] as [[SID: any CredentialProvider]?] {
            let error = #expect(throws: Failure.self) {
                _ = try both.sign(configuration, KindCredentials(video: nil, subaccounts: subaccounts))
            }
            #expect(error?.message.contains("--subaccount-credentials") == true)
        }
        let video = try keys.sign(configuration, KindCredentials(video: key, subaccounts: nil))
        #expect(video.video is ClientValidation && video.subaccounts == nil)
        #expect(main.video == nil)
    }

    @Test("An encrypted key is read with the passphrase")
    func passphrase() throws {
        let pair = try KeyPair.shared
        let argument = "\(Self.sid)=\(pair.privateKey(.encryptedPKCS8))"
        #expect(try signs(load([argument], passphraseFile: pair.passphraseFile), Self.account))
    }

    @Test("The SID may be that of a --key of the same pair, if there is one alone")
    func sidOfKey() throws {
        let (file, other) = (try KeyPair.shared.privateKey(.pkcs1), try KeyPair.other.privateKey())
        let same = try KeyPair.shared.privateKey()
        #expect(try signs(load([same], keys: ["\(Self.sid)=\(file)"]), Self.account))
        #expect(
            try signs(load([same], keys: ["voice:\(Self.sid)=\(file)", "video:\(Self.sid)=\(file)"]), Self.account))
        let second = "CR" + String(repeating: "7", count: 32)
        for keys in [[], [file], ["\(Self.sid)=\(other)"], ["\(Self.sid)=\(file)", "\(second)=\(file)"]] {
            let error = try failure([same], keys: keys)
            #expect(error.code == .privateKey && error.message.contains("--signing-key CR…=\(same)"), "\(error)")
        }
    }

    @Test("A key that can't sign is refused with one sentence")
    func faults() throws {
        let pair = try KeyPair.shared
        let small = try folder.file("small.pem", "")
        try Command.require(["openssl", "genrsa", "-out", small, "1024"])
        let curve = try folder.file("curve.pem", "")
        try Command.require(
            ["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", curve])
        let two = try folder.file("two.pem", pair.privatePEM + KeyPair.other.privatePEM)
        for (file, code, words) in try [
            ("/nothing.pem", .privateKey, "signing key"), (folder.file("bad.pem", "no PEM"), .privateKey, "BEGIN"),
            (pair.publicKey, .privateKey, "no private key but PUBLIC KEY"), (small, .privateKey, "1024 bits"),
            (curve, .privateKey, "RSA"), (two, .privateKey, "2 private keys"),
            (pair.privateKey(.encryptedPKCS8), .passphrase, "--key-passphrase-file"),
            (folder.url.path, .privateKey, "directory"),
        ] as [(String, FailureStatus, String)] {
            let error = try failure(["\(Self.sid)=\(file)"])
            #expect(error.code == code && error.message.contains(words) && error.message.contains(file), "\(error)")
            #expect(!error.message.contains("\n"))
        }
        #expect(try failure(["CR1=\(pair.privateKey())"]).message.contains("[AC…:][CR…=]FILE"))
        for argument in ["", "\(Self.sid)=", "\(Self.account):", "\(Self.account):\(Self.sid)="] {
            let error = try failure([argument])
            #expect(error.code == .configuration && error.message.contains("names no file"), "\(error)")
        }
        let written = try folder.file("written.pem", "\(Self.sid)\n\(pair.privatePEM)")
        let contradiction = try failure(["CR\(String(repeating: "7", count: 32))=\(written)"])
        #expect(contradiction.message.contains("the file says \(Self.sid)"), "\(contradiction)")
        let twice = ["\(Self.sid)=\(pair.privateKey())", "\(Self.account):\(Self.sid)=\(pair.privateKey())"]
        #expect(try failure(twice).code == .configuration)
    }

    @Test("Only an API key's requests are signed; anything else is refused with the option to change")
    func otherCredentials() throws {
        let keys = try load(["\(Self.sid)=\(KeyPair.shared.privateKey())"])
        let error = #expect(throws: Failure.self) { try signs(keys, Self.account, username: Self.account) }
        #expect(error?.code == .configuration && error?.message.contains("give --api-key") == true)
        // It has no authorization yet, as a client of OAuth has none.
        final class Later: CredentialProvider {
            func authorization(for request: OutgoingRequest) -> Authorization? { nil }
        }
        let oauth = #expect(throws: Failure.self) {
            _ = try keys.sign(Later(), of: #require(SID(Self.account)), at: Endpoints())
        }
        #expect(oauth?.message == error?.message)
        let own = ["--account-sid", Self.account, "--api-key", "SK" + String(repeating: "3", count: 32)]
        let configuration = try AccountConfiguration(
            AccountOptions.parse(own), environment: Environment(["TWILIO_API_SECRET": "secret"]))
        let token = FixedCredential(Credential(username: Self.account, password: "token"))
        let video = #expect(throws: Failure.self) {
            _ = try keys.sign(configuration, KindCredentials(video: token, subaccounts: nil))
        }
        #expect(video?.message.contains("the file of --video-credentials") == true)
        let subaccount = try #require(SID(Self.subaccount))
        let subaccounts = #expect(throws: Failure.self) {
            _ = try load(["\(Self.subaccount):\(Self.sid)=\(KeyPair.shared.privateKey())"])
                .sign(configuration, KindCredentials(video: nil, subaccounts: [subaccount: token]))
        }
        #expect(subaccounts?.message.contains("the file of --subaccount-credentials") == true)
    }

    /// The header of the token of a request, which names the public key.
    private func header(_ provider: any CredentialProvider) throws -> String {
        let request = OutgoingRequest(method: .get, url: try #require(URL(string: "https://api.twilio.com/")))
        guard case .signed(_, let token) = provider.authorization(for: request) else { return "" }
        let text = token.prefix { $0 != "." }
        let padded = text + String(repeating: "=", count: (4 - text.count % 4) % 4)
        return String(decoding: try #require(Data(base64Encoded: String(padded))), as: UTF8.self)
    }

    /// Writes a signing key's file, with the SID of its public key unless that is empty.
    private func write(_ pair: KeyPair, _ sid: String = "") throws -> String {
        try folder.secretFile("signing.pem", "\(sid)\n\(pair.privatePEM)")
    }

    /// A provider of requests that are signed with the key of an argument, which is read again.
    private func provider(_ argument: String, _ rereading: Rereading) throws -> any CredentialProvider {
        var reader = PrivateKeys(secrets: SecretReader(rereading: rereading), passphraseFile: nil)
        let keys = try SigningKeys(
            [argument], account: try #require(SID(Self.account)), known: [:], reader: &reader)
        let credential = Credential(username: "SK" + String(repeating: "3", count: 32), password: "secret")
        return try keys.sign(FixedCredential(credential), of: #require(SID(Self.account)), at: Endpoints())
    }

    @Test("After a refusal a changed file is read without a signal, once for all who were refused")
    func refusal() throws {
        let log = RecordedLog()
        let rereading = try Rereading(logger: log.logger)
        defer { rereading.shutDown() }
        let provider = try provider(write(KeyPair.shared, Self.sid), rereading)
        let request = OutgoingRequest(method: .get, url: try #require(URL(string: "https://api.twilio.com/")))
        let refused = try #require(provider.authorization(for: request))
        func renewed() throws -> Bool {
            let results = Awaited<Bool>()
            provider.renew(refused: refused, priority: .reader) { results.add((try? $0.get()) ?? false) }
            return try results.value()
        }
        #expect(try !renewed(), "the file hasn't changed")
        let second = "CR" + String(repeating: "7", count: 32)
        _ = try write(KeyPair.other, second)
        #expect(try renewed() && renewed())
        #expect(try header(provider).contains(second))
        #expect(eventually { log.lines.contains { $0.contains("has changed") } })
        #expect(log.lines.count { $0.contains("has changed") } == 1)
    }

    @Test("A file that has another key than that of the SID on the command line leaves the former in use")
    func tied() throws {
        let log = RecordedLog()
        let rereading = try Rereading(logger: log.logger)
        defer { rereading.shutDown() }
        let path = try write(KeyPair.shared)
        let provider = try provider("\(Self.sid)=\(path)", rereading)
        let request = OutgoingRequest(method: .get, url: try #require(URL(string: "https://api.twilio.com/")))
        let before = try #require(provider.authorization(for: request))
        for (sid, reason) in [("", "can't belong to \(Self.sid)"), ("CR" + String(repeating: "7", count: 32), "says")] {
            _ = try write(KeyPair.other, sid)
            rereading.readAll()
            #expect(eventually { log.lines.contains { $0.contains("stays as it was") && $0.contains(reason) } })
        }
        #expect(try header(provider).contains(Self.sid))
        let renewed = Awaited<Bool>()
        provider.renew(refused: before, priority: .reader) { renewed.add((try? $0.get()) ?? false) }
        #expect(try !renewed.value())
    }

    @Test("The SID may stand alone in a line of the file; then a file that is replaced brings another key with its SID")
    func rotation() throws {
        let log = RecordedLog()
        let rereading = try Rereading(logger: log.logger)
        defer { rereading.shutDown() }
        let path = try write(KeyPair.shared, Self.sid)
        let provider = try provider(path, rereading)
        #expect(try header(provider).contains(Self.sid))
        let second = "CR" + String(repeating: "7", count: 32)
        _ = try write(KeyPair.other, second)
        rereading.readAll()
        #expect(eventually { log.lines.contains { $0.contains("signing key") && $0.contains("has changed") } })
        #expect(try header(provider).contains(second))
        _ = try folder.file("signing.pem", "no key")
        rereading.readAll()
        #expect(
            eventually { log.lines.contains { $0.hasPrefix("error: the signing key in '\(path)' stays as it was") } })
        #expect(try header(provider).contains(second))
    }
}
