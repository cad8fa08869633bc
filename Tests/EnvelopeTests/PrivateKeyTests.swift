import Foundation
import Support
import TestSupport
import Testing

@testable import Envelope

@Suite("Reading private keys", .orderly)
struct PrivateKeyTests {
    private let passphrase = "correct horse"

    private func read(_ pem: Data, passphrase: String? = nil) throws -> PrivateKey {
        try PrivateKey(pem: SecretBytes(pem), passphrase: passphrase.map { SecretBytes($0.utf8) })
    }

    /// The error of reading `pem`, which has to be one.
    private func failure(_ pem: Data, passphrase: String? = nil) throws -> EnvelopeError {
        try #require(throws: EnvelopeError.self) { _ = try read(pem, passphrase: passphrase) }
    }

    private func needsPassphrase(_ pem: Data) -> Bool {
        PrivateKey.needsPassphrase(pem: SecretBytes(pem))
    }

    /// What `openssl … | sha256sum` says of the public key.
    private func fingerprint(_ key: KeyPair) throws -> String {
        let der = try openssl("pkey", "-in", key.privateKey(), "-pubout", "-outform", "DER")
        let printed = try openssl("dgst", "-sha256", "-r", input: der)
        return String(String(decoding: printed, as: UTF8.self).prefix(64))
    }

    @Test("PKCS#8 and PKCS#1 of 2048, 3072 and 4096 bits are read", arguments: [2048, 3072, 4096])
    func plain(bitCount: Int) throws {
        let key = try KeyPair.shared(bits: bitCount)
        let traditional = try openssl("rsa", "-in", key.privateKey(), "-traditional")
        #expect(String(decoding: traditional, as: UTF8.self).hasPrefix("-----BEGIN RSA PRIVATE KEY-----"))
        for pem in [Data(key.privatePEM.utf8), traditional] {
            let privateKey = try read(pem)
            #expect(privateKey.bitCount == bitCount)
            #expect(try privateKey.publicKeyFingerprint == fingerprint(key))
            #expect(!needsPassphrase(pem))
            // A passphrase that isn't needed does no harm.
            #expect(try read(pem, passphrase: passphrase).bitCount == bitCount)
        }
    }

    @Test(
        "Encrypted keys are read with their passphrase, and with no other",
        arguments: [
            ["pkcs8", "-topk8", "-v2", "aes256"], ["pkcs8", "-topk8", "-scrypt"],
            ["pkcs8", "-topk8", "-v2", "aes-128-cbc", "-v2prf", "hmacWithSHA1"],
            ["rsa", "-traditional", "-aes256"], ["rsa", "-traditional", "-des3"],
        ])
    func encrypted(arguments: [String]) throws {
        let key = try KeyPair.shared
        let pem = try openssl(
            arguments + ["-in", key.privateKey(), "-passout", "pass:\(passphrase)"])
        #expect(needsPassphrase(pem))
        #expect(try read(pem, passphrase: passphrase).publicKeyFingerprint == fingerprint(key))
        #expect(try failure(pem).code == .passphraseRequired)
        #expect(try failure(pem).message.contains("passphrase"))
        for wrong in ["battery staple", "", "correct horse\n", String(repeating: "x", count: 5000)] {
            let error = try failure(pem, passphrase: wrong)
            #expect(error.code == .wrongPassphrase, "\(error)")
            #expect(error.message.contains("passphrase"))
            #expect(!"\(error)".contains(passphrase))
            if !wrong.isEmpty { #expect(!"\(error)".contains(wrong)) }
        }
    }

    @Test("An encryption that libcrypto doesn't offer is named as such")
    func unknownEncryption() throws {
        // PBES2 whose scheme is one that no provider knows: the last arc of AES-256-CBC's object identifier changed.
        let key = try KeyPair.shared
        var der = [UInt8](
            try openssl(
                "pkcs8", "-topk8", "-v2", "aes256", "-outform", "DER", "-in", key.privateKey(), "-passout",
                "pass:\(passphrase)"))
        let identifier: [UInt8] = [0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x01, 0x2A]
        let start = try #require(
            der.indices.dropLast(identifier.count).first { der[$0..<($0 + identifier.count)].elementsEqual(identifier) }
        )
        der[start + identifier.count - 1] = 0x7F
        let pem =
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
            + Data(der).base64EncodedString(options: .lineLength64Characters)
            + "\n-----END ENCRYPTED PRIVATE KEY-----\n"
        let error = try failure(Data(pem.utf8), passphrase: passphrase)
        #expect(error.code == .unsupportedKey, "\(error)")
        #expect(error.message.contains("openssl pkcs8"))
    }

    @Test("Text, other blocks, a byte order mark and Windows line ends around the key are skipped")
    func surroundings() throws {
        let key = try KeyPair.shared
        let text = key.privatePEM
        for variant in [
            "Bag Attributes\n    friendlyName: twilio\n\n" + text + "\nkeep safe\n",
            "\u{FEFF}" + text,
            text.replacing("\n", with: "\r\n"),
            key.publicPEM + text,
            String(text.dropLast()),
        ] {
            #expect(try read(Data(variant.utf8)).bitCount == 2048)
        }
    }

    @Test("A file is split after each private key, and what is cut off is a section of its own")
    func sections() throws {
        func split(_ text: String) -> [String] {
            PrivateKey.sections(ofPEM: SecretBytes(text.utf8)).map { section in
                section.withUnsafeBytes { String(decoding: $0, as: UTF8.self) }
            }
        }
        let (first, second) = (try KeyPair.shared.privatePEM, try KeyPair.other.privatePEM)
        let ends = first.hasSuffix("\n") && second.hasSuffix("\n")
        #expect(ends)
        #expect(split(first) == [first])
        #expect(split(first + second) == [first, second])
        #expect(split("text\n" + first + "more\n" + second) == ["text\n" + first, "more\n" + second])
        #expect(split(first + second.dropLast()) == [first, String(second.dropLast())])
        #expect(split(first + "-----BEGIN CERTIFICATE-----\nAA\n-----END CERTIFICATE-----\n") == [first])
        let cut = String(second.prefix(500))
        #expect(split(first + cut) == [first, cut])
        // The label of the beginning doesn't end a section, and neither does the end of something else.
        #expect(split(try KeyPair.shared.publicPEM) == [try KeyPair.shared.publicPEM])
        #expect(split("") == [""])
        #expect(split("no key") == ["no key"])
    }

    @Test("A file of 1 MiB is read, and one byte more is too much")
    func largestFile() throws {
        let key = Data(try KeyPair.shared.privatePEM.utf8)
        let text = Data(repeating: UInt8(ascii: "\n"), count: (1 << 20) - key.count)
        #expect(try read(text + key).bitCount == 2048)
        #expect(try failure(Data("\n".utf8) + text + key).code == .invalidPEM)
    }

    @Test("A public key or a certificate is not a private key")
    func notPrivate() throws {
        let key = try KeyPair.shared
        let certificate = try openssl("req", "-x509", "-key", key.privateKey(), "-subj", "/CN=test", "-days", "1")
        let traditional = try openssl("rsa", "-in", key.privateKey(), "-RSAPublicKey_out")
        for (pem, label) in [
            (Data(key.publicPEM.utf8), "PUBLIC KEY"), (traditional, "RSA PUBLIC KEY"), (certificate, "CERTIFICATE"),
        ] {
            let error = try failure(pem)
            #expect(error.code == .notAPrivateKey)
            #expect(error.message.contains(label))
            #expect(!needsPassphrase(pem))
        }
    }

    @Test("Keys that Twilio's encryption doesn't use are named")
    func unsupported() throws {
        let small = try failure(try openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"))
        #expect(small.code == .unsupportedKey)
        #expect(small.message.contains("1024 bits"))
        let odd = try openssl("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2047")
        #expect(try failure(odd).message.contains("2047 bits"))
        let pss = try failure(try openssl("genpkey", "-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"))
        #expect(pss.code == .unsupportedKey)
        #expect(pss.message.contains("RSA-PSS"))
        let curve = try openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")
        #expect(try failure(curve).code == .unsupportedKey)
        #expect(try failure(curve).message.contains("type EC"))
        let traditionalCurve = try failure(try openssl("ec", input: curve))
        #expect(traditionalCurve.code == .unsupportedKey)
        #expect(traditionalCurve.message.contains("type EC"))
        let ssh = try failure(
            Data("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEA\n-----END OPENSSH PRIVATE KEY-----\n".utf8))
        #expect(ssh.code == .unsupportedKey)
        #expect(ssh.message.contains("ssh-keygen"))
    }

    @Test("What isn't PEM says what it is")
    func notPEM() throws {
        let key = try KeyPair.shared
        let empty = try failure(Data())
        #expect(empty.code == .invalidPEM)
        #expect(empty.message.contains("empty"))
        let der = try failure(try openssl("pkey", "-in", key.privateKey(), "-outform", "DER"))
        #expect(der.code == .invalidPEM)
        #expect(der.message.contains("DER"))
        var generator = SeededGenerator(seed: 10)
        for count in [1, 16, 5000] {
            let garbage = try failure(Data([0x20] + generator.bytes(count)))
            #expect(garbage.code == .invalidPEM)
            #expect(garbage.message.contains("BEGIN"))
        }
        #expect(try failure(Data(repeating: 0x41, count: 2 << 20)).code == .invalidPEM)
    }

    @Test("A key cut off anywhere, or with a damaged line, is an error")
    func damaged() throws {
        let text = try KeyPair.shared.privatePEM
        // The final line break may go.
        for count in stride(from: 0, to: text.count - 1, by: 7) {
            let error = try failure(Data(text.prefix(count).utf8))
            #expect(error.code == .invalidPEM, "\(count): \(error)")
        }
        let lines = text.split(separator: "\n")
        for line in 1..<(lines.count - 1) {
            var damaged = lines
            damaged.remove(at: line)
            let code = try code { _ = try read(Data(damaged.joined(separator: "\n").utf8)) }
            #expect(code == .invalidPEM, "line \(line)")
            damaged = lines
            damaged[line] = "!" + damaged[line].dropFirst()
            #expect(try failure(Data(damaged.joined(separator: "\n").utf8)).code == .invalidPEM, "line \(line)")
        }
    }
}
