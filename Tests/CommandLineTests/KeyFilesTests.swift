import Credentials
import Envelope
import Foundation
import Glibc
import Support
import TestSupport
import Testing

@testable import twiliofs

@Suite("Files of private keys that are replaced", .orderly)
struct KeyFilesTests {
    private let folder: TemporaryFolder
    private let log = RecordedLog()

    init() throws {
        folder = try TemporaryFolder()
    }

    private func contents(_ path: String) throws -> String { try String(contentsOfFile: path, encoding: .utf8) }

    /// Reads files, and has a function called with the fingerprints of all keys after each change.
    private func read(
        _ arguments: [String], passphraseFile: String? = nil, by rereading: Rereading
    ) throws -> (KeyFiles, Awaited<Bool>) {
        var reader = PrivateKeys(secrets: SecretReader(rereading: rereading), passphraseFile: passphraseFile)
        let files = try KeyFiles(arguments, reader: &reader)
        let changes = Awaited<Bool>()
        files.whenChanged { changes.add($0.mayHold(publicKeySID: nil, use: .video)) }
        return (files, changes)
    }

    @Test("A file that is replaced brings its keys under the same declaration, in a ring with those of all files")
    func replaced() throws {
        let rereading = try Rereading(logger: log.logger)
        defer { rereading.shutDown() }
        let path = try folder.secretFile("key.pem", KeyPair.shared.privatePEM)
        let (files, changes) = try read(["voice:\(path)"], by: rereading)
        #expect(!files.ring.mayHold(publicKeySID: nil, use: .video))
        try folder.secretFile("key.pem", KeyPair.other.privatePEM + KeyPair.shared.privatePEM)
        files.readIfChanged(by: rereading) { _ in }
        #expect(try changes.value() == false, "it is still declared for voice")
        let again = Awaited<Bool>()
        files.readIfChanged(by: rereading) { again.add($0) }
        #expect(try again.value() == false)
        withExtendedLifetime(files) {}
        #expect(log.lines == ["notice: the private key in '\(path)' was read again and has changed"])
    }

    @Test("A mistake in the form of an argument is told as such, although paths become absolute")
    func mistaken() throws {
        var reader = PrivateKeys(secrets: SecretReader(), passphraseFile: nil)
        for (argument, words) in [
            ("vidoe:absent.pem", "neither 'voice' nor 'video'"), ("CR12=absent.pem", "isn't the SID of a public key"),
        ] {
            let failure = #expect(throws: Failure.self) { try KeyFiles([argument], reader: &reader) }
            #expect(failure?.code == .privateKey && failure?.message.contains(words) == true, "\(argument)")
        }
    }

    @Test("A file that has the same key in other words isn't a change")
    func sameKey() throws {
        let rereading = try Rereading(logger: log.logger)
        defer { rereading.shutDown() }
        let path = try folder.secretFile("key.pem", contents(KeyPair.shared.privateKey(.pkcs1)))
        let (files, changes) = try read([path], by: rereading)
        try folder.secretFile("key.pem", "# a comment\n" + contents(KeyPair.shared.privateKey(.pkcs8)))
        let read = Awaited<Bool>()
        files.readIfChanged(by: rereading) { read.add($0) }
        #expect(try read.value() == false && changes.all.isEmpty)
        withExtendedLifetime(files) {}
    }

    @Test("The passphrase of an encrypted key is read again too")
    func passphrase() throws {
        let rereading = try Rereading(logger: log.logger)
        defer { rereading.shutDown() }
        let path = try folder.secretFile("key.pem", contents(KeyPair.shared.privateKey(.encryptedPKCS8)))
        let passphrase = try folder.secretFile("passphrase", KeyPair.passphrase + "\n")
        let (files, changes) = try read([path], passphraseFile: passphrase, by: rereading)
        try Command.require([
            "openssl", "pkcs8", "-topk8", "-v2", "aes-256-cbc", "-in", KeyPair.other.privateKey(), "-passout",
            "pass:another", "-out", path,
        ])
        files.readIfChanged(by: rereading) { _ in }
        #expect(eventually { log.lines.contains { $0.contains("stays as it was") && $0.contains("passphrase") } })
        // The key's file is as it was when it failed, so a person has to ask.
        try folder.secretFile("passphrase", "another\n")
        rereading.readAll()
        #expect(try changes.value())
        withExtendedLifetime(files) {}
    }

    @Test("An encrypted key whose passphrase was typed stays until its file changes, and then wants a file for it")
    func typed() throws {
        let rereading = try Rereading(logger: log.logger)
        defer { rereading.shutDown() }
        let path = try folder.secretFile("key.pem", contents(KeyPair.shared.privateKey(.encryptedPKCS8)))
        // As if it had been typed: the pipe is gone afterwards.
        let pipe = folder.path("pipe")
        mkfifo(pipe, 0o600)
        let writer = try RunningCommand(["sh", "-c", #"printf '%s\n' "$1" >"$0""#, pipe, KeyPair.passphrase])
        let (files, changes) = try read([path], passphraseFile: pipe, by: rereading)
        #expect(try writer.wait().end == .exited(0))
        unlink(pipe)
        rereading.readAll()
        #expect(eventually { log.lines.contains { $0.contains("hold the same as before") } })
        chmod(path, 0o400)
        rereading.readAll()
        #expect(eventually { log.lines.contains { $0.contains("stays as it was") && $0.contains(pipe) } })
        #expect(changes.all.isEmpty && !files.ring.isEmpty)
    }
}
