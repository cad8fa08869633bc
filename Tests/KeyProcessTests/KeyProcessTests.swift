import Envelope
import Foundation
import Glibc
import ModuleTestSupport
import Support
import TestSupport
import Testing

@testable import KeyProcess

@Suite("The key process", .orderly)
struct KeyProcessTests {
    private static let contentKey: [UInt8] = Array(1...32)

    private func wrapped(
        _ wrapping: EnvelopeMetadata.KeyWrapping, _ bytes: [UInt8], sid: String? = nil
    ) -> WrappedKey {
        WrappedKey(wrapping: wrapping, cipher: .aes256CBC, publicKeySID: sid, bytes: bytes)
    }

    /// The content key wrapped in both ways with the shared public key.
    private func wrappedKeys() throws -> (oaep: [UInt8], pkcs1: [UInt8]) {
        let pem = try KeyPair.shared.publicPEM
        let results = try PythonOracle.perform([
            .wrapOAEP(publicPEM: pem, bytes: Self.contentKey, digest: "sha256", maskDigest: "sha256"),
            .wrapPKCS1(publicPEM: pem, bytes: Self.contentKey),
        ])
        return (results[0], results[1])
    }

    private func isOpened(_ key: any HeldPrivateKey, _ wrapped: WrappedKey) throws -> Bool {
        guard case .unwrapped(let contentKey) = try key.unwrap(wrapped) else { return false }
        return contentKey.withUnsafeBytes { Array($0) } == Self.contentKey
    }

    @Test("It unwraps what Python has wrapped, and signs as the key itself does")
    func work() throws {
        let pair = try KeyPair.shared
        let bytes = try wrappedKeys()
        let started = try StartedKeys([
            .unwrapping(pair.privateKey()), .signing(pair.privateKey(.pkcs1)), .unwrapping(KeyPair.other.privateKey()),
        ])
        let (key, signing, other) = (started.keys[0], started.keys[1], started.keys[2])
        #expect(try isOpened(key, wrapped(.rsaOAEPSHA256, bytes.oaep)))
        #expect(try isOpened(key, wrapped(.rsaPKCS1v15, bytes.pkcs1)))
        #expect(try !isOpened(other, wrapped(.rsaOAEPSHA256, bytes.oaep)))
        #expect(try !isOpened(other, wrapped(.rsaPKCS1v15, bytes.pkcs1)))
        let local = try pair.readPrivateKey()
        #expect(key.publicKeyFingerprint == local.publicKeyFingerprint)
        let message = Array("a message".utf8)
        #expect(try signing.signature(of: message.span.bytes) == local.signature(of: message.span.bytes))
    }

    @Test("It keeps the rules itself: a key for voice never opens PKCS#1 v1.5, a signing key opens nothing")
    func rules() throws {
        let (file, sid) = (try KeyPair.shared.privateKey(), StartedKeys.sid)
        let bytes = try wrappedKeys()
        let cases: [(KeyFileRequest, named: String?, opensPKCS1: Bool)] = [
            (.unwrapping(file, .voice), sid, false), (.unwrapping(file, .voice, sid), sid, false),
            (.unwrapping(file, .video), sid, true), (.unwrapping(file, nil, sid), sid, true),
            (.unwrapping(file, nil, sid), nil, false), (.unwrapping(file, .video, sid), "CR2", false),
            (.unwrapping(file, nil, sid), String(repeating: "x", count: 100_000), false),
            (.unwrapping(file), String(repeating: "x", count: 100_000), true),
        ]
        let started = try StartedKeys(cases.map(\.0) + [.signing(file)])
        for (key, (_, named, opensPKCS1)) in zip(started.keys, cases) {
            #expect(try isOpened(key, wrapped(.rsaPKCS1v15, bytes.pkcs1, sid: named)) == opensPKCS1)
            #expect(try isOpened(key, wrapped(.rsaOAEPSHA256, bytes.oaep, sid: named)))
            #expect(throws: EnvelopeError.self) { try key.signature(of: Array("x".utf8).span.bytes) }
        }
        let signing = try #require(started.keys.last)
        for wrapping in [EnvelopeMetadata.KeyWrapping.rsaPKCS1v15, .rsaOAEPSHA256] {
            let key = wrapped(wrapping, wrapping == .rsaPKCS1v15 ? bytes.pkcs1 : bytes.oaep)
            #expect(try !isOpened(signing, key))
        }
        #expect(throws: Never.self) { try signing.signature(of: Array("x".utf8).span.bytes) }
    }

    @Test("Bad padding, another key's bytes, and a key of another length get the same answer")
    func sameAnswer() throws {
        let started = try StartedKeys([.unwrapping(KeyPair.shared.privateKey())])
        let pem = (try KeyPair.shared.publicPEM, try KeyPair.other.publicPEM)
        var bytes = try PythonOracle.perform([
            .wrapPKCS1(publicPEM: pem.0, bytes: Array(1...31)), .wrapPKCS1(publicPEM: pem.1, bytes: Self.contentKey),
            .wrapPKCS1(publicPEM: pem.0, bytes: Array(1...33)),
        ])
        bytes.append([UInt8](repeating: 0, count: 255) + [2])
        bytes.append([UInt8](repeating: 0xFF, count: 256))
        for bytes in bytes {
            // By chance, one in more than 200 of those with another padding gets a content key that opens nothing.
            guard case .notFitting(let cause) = try started.keys[0].unwrap(wrapped(.rsaPKCS1v15, bytes)) else {
                continue
            }
            #expect(cause == nil)
        }
    }

    @Test("Bytes with another padding get the same substitute each time, in a share of the lengths")
    func substitute() throws {
        let key = try KeyPair.shared.readPrivateKey()
        var generator = SeededGenerator(seed: 31)
        var substitutes: [[UInt8]: [UInt8]?] = [:]
        func result(_ bytes: [UInt8]) throws -> [UInt8]? {
            guard case .unwrapped(let contentKey) = try key.unwrap(wrapped(.rsaPKCS1v15, bytes)) else { return nil }
            return contentKey.withUnsafeBytes { Array($0) }
        }
        for _ in 0..<1500 {
            let bytes = [0] + generator.bytes(255)
            substitutes[bytes] = .some(try result(bytes))
        }
        let found = substitutes.values.compactMap(\.self)
        // 1 of 246 lengths; each further one is less likely.
        #expect((1...20).contains(found.count), "\(found.count)")
        #expect(Set(found).count == found.count)
        for (bytes, former) in substitutes where former != nil { #expect(try result(bytes) == former) }
    }

    @Test("It has one descriptor, no new privileges, a filter, no dumps and no terminal")
    func confined() throws {
        let started = try StartedKeys([.unwrapping(KeyPair.shared.privateKey())])
        let files = ProcessFiles(started.process.processID)
        #expect(files.status("NoNewPrivs") == "1")
        #expect(started.confinement.isFiltered != Sanitizer.isPresent)
        #expect(files.status("Seccomp") == (Sanitizer.isPresent ? "0" : "2"))
        #expect(files.descriptors.count == 1 && files.descriptors.values.allSatisfy { $0.hasPrefix("socket:") })
        let limits = try #require(files.text("limits"))
        #expect(limits.contains(/Max core file size +0 +0/))
        // Others of the same user may not look at it: its files belong to root.
        #expect(getuid() == 0 || access("/proc/\(started.process.processID)/mem", R_OK) != 0)
        #expect(getsid(started.process.processID) == started.process.processID)
        #expect(files.text("comm") == "twiliofs-keys\n")
        if getuid() == 0 {
            let writable = try #require(files.text("smaps")).split(separator: "VmFlags:").filter {
                $0.contains(/\n[0-9a-f]+-[0-9a-f]+ rw.p/)
            }
            #expect(started.confinement.isMemoryLocked && !writable.isEmpty)
            let locked = files.status("VmLck")?.split(separator: " ").first.flatMap { Int($0) } ?? 0
            #expect(locked > 1000)
        }
        for signal in [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP, SIGUSR1, SIGUSR2, SIGPIPE] {
            kill(started.process.processID, signal)
        }
        #expect(try isOpened(started.keys[0], wrapped(.rsaPKCS1v15, wrappedKeys().pkcs1)))
    }

    @Test(
        "A system call that it doesn't need ends it",
        .enabled(if: getuid() == 0 && !Sanitizer.isPresent, "needs root, and a program without a sanitizer"))
    func forbiddenCall() throws {
        let started = try StartedKeys([.unwrapping(KeyPair.shared.privateKey())])
        let ends = Awaited<ProcessEnd?>()
        started.process.whenEnded { ends.add($0) }
        // getppid has no effect: only the filter can end it.
        try Python.run("make_call", "\(started.process.processID)", "getppid")
        #expect(try ends.value() == .killed(signal: SIGSYS))
        #expect(!started.keys[0].isAvailable)
        let error = try #require(throws: EnvelopeError.self) {
            try started.keys[0].unwrap(wrapped(.rsaPKCS1v15, [UInt8](repeating: 1, count: 256)))
        }
        #expect(error.code == .keyProcessEnded && error.message.contains("signal \(SIGSYS)"))
    }

    @Test("It ends with the last reference, with the process that asks, and after a message that it can't read")
    func ends() throws {
        var started: StartedKeys? = try StartedKeys([.unwrapping(KeyPair.shared.privateKey())])
        let process = try #require(started?.process.processID)
        started = nil
        #expect(eventually { kill(process, 0) != 0 })
        let reading = try StartedKeys.start()
        let readingID = reading.processID
        #expect(kill(readingID, 0) == 0)
        withExtendedLifetime(reading) {}
    }

    @Test("Many threads ask at once, more than there may be calls, and each gets its own answer")
    func threads() async throws {
        let started = try StartedKeys([.unwrapping(KeyPair.shared.privateKey())])
        let pem = try KeyPair.shared.publicPEM
        let keys = (0..<40).map { number in [UInt8](repeating: UInt8(number), count: 32) }
        let wrappedKeys = try PythonOracle.perform(
            keys.map { .wrapOAEP(publicPEM: pem, bytes: $0, digest: "sha256", maskDigest: "sha256") })
        let results = Awaited<Bool>()
        let threads = try (0..<100).map { number in
            try NamedThread(name: "asks-\(number)") {
                let index = number % keys.count
                let wrapped = WrappedKey(
                    wrapping: .rsaOAEPSHA256, cipher: .aes256GCM, publicKeySID: nil, bytes: wrappedKeys[index])
                guard case .unwrapped(let key)? = try? started.keys[0].unwrap(wrapped) else {
                    return results.add(false)
                }
                results.add(key.withUnsafeBytes { Array($0) } == keys[index])
            }
        }
        for thread in threads { thread.join() }
        #expect(results.all.count == 100 && results.all.allSatisfy(\.self))
    }

    @Test("A file that can't be used fails with the program's status and sentence, and the next one is read")
    func failure() throws {
        let process = try StartedKeys.start()
        try process.use(
            ReadingSettings(isStrict: false, isFirstTime: false, credentialsFolder: nil, passphraseFile: nil))
        let error = #expect(throws: KeyFileFailure.self) {
            try process.read(.unwrapping("/nowhere.pem")) { _ in }
        }
        #expect(error?.status == 13 && error?.message.contains("'/nowhere.pem'") == true)
        let encrypted = #expect(throws: KeyFileFailure.self) {
            try process.read(.unwrapping(KeyPair.shared.privateKey(.encryptedPKCS8))) { _ in }
        }
        #expect(encrypted?.status == 14)
        let folder = try TemporaryFolder()
        let path = try folder.file("open.pem", try KeyPair.shared.privatePEM)
        chmod(path, 0o644)
        var warnings: [String] = []
        #expect(try process.read(.unwrapping(path)) { warnings.append($0) }.keys.count == 1)
        #expect(warnings.count == 1 && warnings[0].contains("can be read by others"))
    }

    @Test("Files that were opened for it are read in the place of those at their paths, also the passphrase's")
    func openedFiles() throws {
        let pair = try KeyPair.shared
        let process = try StartedKeys.start()
        let (key, passphrase) = (open(pair.privateKey(.encryptedPKCS8), O_RDONLY), open(pair.passphraseFile, O_RDONLY))
        defer { for descriptor in [key, passphrase] { close(descriptor) } }
        try process.use(
            ReadingSettings(
                isStrict: false, isFirstTime: false, credentialsFolder: nil, passphraseFile: "/nowhere/passphrase",
                openedPassphraseFile: .descriptor(passphrase)))
        func request(_ opened: OpenedFile) -> KeyFileRequest {
            KeyFileRequest(path: "/nowhere.pem", purpose: .unwrapping(use: nil, publicKeySID: nil), opened: opened)
        }
        #expect(try process.read(request(.descriptor(key))) { _ in }.keys.count == 1)
        for (number, sentence) in [(ENOENT, "No such file"), (EACCES, "Permission denied")] {
            let error = #expect(throws: KeyFileFailure.self) { try process.read(request(.failed(number))) { _ in } }
            #expect(error?.status == 13 && error?.message.contains("'/nowhere.pem': \(sentence)") == true)
        }
        let folder = try TemporaryFolder()
        let readable = open(try folder.file("open.pem", pair.privatePEM), O_RDONLY)
        defer { close(readable) }
        fchmod(readable, 0o644)
        var warnings: [String] = []
        #expect(try process.read(request(.descriptor(readable))) { warnings.append($0) }.keys.count == 1)
        #expect(warnings.count == 1 && warnings[0].contains("can be read by others"))
        _ = try process.confine()
        #expect(getuid() != 0 || ProcessFiles(process.processID).descriptors.count == 1)
    }
}
