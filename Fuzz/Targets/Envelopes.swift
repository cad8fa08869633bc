import Foundation

@testable import Envelope

/// Envelopes, keys and ciphertext.
let envelopeTargets: [FuzzTarget] = [
    FuzzTarget(name: "base64") { bytes in
        guard let decoded = Base64.decode(text(bytes)) else { return }
        let plain = String(String.UnicodeScalarView(text(bytes).unicodeScalars.filter { !$0.properties.isWhitespace }))
        check(Data(decoded).base64EncodedString() == plain, "bytes that no encoder writes so")
    },
    FuzzTarget(name: "s3-encryption-headers") { bytes in
        // Lines of `name: value`, or the value of the member of that number.
        let names = S3EncryptionHeaders.Name.allCases.map(\.rawValue)
        var values: [String: String] = [:]
        for line in bytes.split(separator: UInt8(ascii: "\n")) {
            guard let first = line.first else { continue }
            values["x-amz-meta-" + names[Int(first) % names.count]] = text(line.dropFirst())
        }
        guard let metadata = try EnvelopeMetadata.s3EncryptionClient({ values[$0] }) else { return }
        check((256...512).contains(metadata.wrappedKey.count), "a wrapped key of another size")
        check(metadata.plaintextSize.map { $0 >= 0 } ?? true, "a negative size")
    },
    FuzzTarget(name: "voice-envelope") { bytes in
        let parts = fields(bytes)
        guard parts.count >= 4 else { return }
        _ = try EnvelopeMetadata.rsaAES(
            type: parts[0].isEmpty ? nil : parts[0], publicKeySID: parts[1], wrappedKeyBase64: parts[2],
            initializationVectorBase64: parts[3])
    },
    FuzzTarget(name: "ciphertext-layout") { bytes in
        var input = InputReader(bytes)
        let cipher: EnvelopeMetadata.ContentCipher = input.integer(UInt8.self) & 1 == 0 ? .aes256CBC : .aes256GCM
        let ciphertextSize = input.integer(Int64.self)
        let layout = try CiphertextLayout(
            cipher: cipher, ciphertextSize: ciphertextSize, plaintextSize: input.integer(Int64.self))
        guard layout.plaintextSize > 0 else { return }
        let start = max(0, min(input.integer(Int64.self), layout.plaintextSize - 1))
        let end = max(start + 1, min(input.integer(Int64.self), layout.plaintextSize))
        let needed = layout.ciphertextRange(forPlaintext: start..<end)
        check(0 <= needed.lowerBound && needed.upperBound <= ciphertextSize, "ciphertext beyond the end is needed")
    },
    FuzzTarget(name: "content-decryptor") { bytes in
        var input = InputReader(bytes)
        let isChained = input.integer(UInt8.self) & 1 == 0
        let metadata = try EnvelopeMetadata(
            cipher: isChained ? .aes256CBC : .aes256GCM, wrapping: .rsaPKCS1v15,
            wrappedKey: [UInt8](repeating: 1, count: 256),
            initializationVector: [UInt8](repeating: input.integer(), count: isChained ? 16 : 12))
        let decryptor = try ContentDecryptor(
            key: ContentEncryptionKey(SecretBytes([UInt8](repeating: input.integer(), count: 32))), metadata: metadata)
        let (size, offset, place) = (
            input.integer(Int64.self), input.integer(Int64.self), input.integer(Int64.self)
        )
        let count = Int(input.integer(UInt8.self))
        let ciphertext = input.rest
        if let plain = try? decryptor.plaintextSize(fromPaddingIn: ciphertext.span.bytes, ciphertextSize: size) {
            check(plain >= 0 && plain < size, "padding that is larger than the content")
        }
        var plaintext = [UInt8](repeating: 0, count: count)
        var span = plaintext.mutableSpan
        var target = span.mutableBytes
        try decryptor.decrypt(ciphertext.span.bytes, at: offset, into: &target, at: place)
    },
    FuzzTarget(name: "private-key-pem") { bytes in
        let pem = SecretBytes(bytes)
        _ = PrivateKey.needsPassphrase(pem: pem)
        // Without a passphrase: how long deriving a key takes is up to the file.
        let key = try PrivateKey(pem: pem, passphrase: nil)
        check((2048...4096).contains(key.bitCount), "a key of another size")
    },
]
