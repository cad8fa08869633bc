import Envelope
import Glibc
import TestSupport
import Testing

@testable import KeyProcess

@Suite("Messages between mount process and key process", .orderly)
struct MessageTests {
    private static let wrapped = WrappedKey(
        wrapping: .rsaPKCS1v15, cipher: .aes256CBC, publicKeySID: "CR1", bytes: [UInt8](repeating: 7, count: 512))

    private static let requests: [KeyRequest] = [
        .settings(
            ReadingSettings(isStrict: true, isFirstTime: false, credentialsFolder: "/run/c", passphraseFile: nil)),
        .settings(ReadingSettings(isStrict: false, isFirstTime: true, credentialsFolder: nil, passphraseFile: "ü")),
        .read(KeyFileRequest(path: "/k", purpose: .signing)),
        .read(KeyFileRequest(path: "", purpose: .unwrapping(use: nil, publicKeySID: nil))),
        .read(KeyFileRequest(path: "/dev/fd/63", purpose: .unwrapping(use: .video, publicKeySID: "CR2"))),
        .settings(
            ReadingSettings(
                isStrict: true, isFirstTime: false, credentialsFolder: nil, passphraseFile: "/p",
                openedPassphraseFile: .descriptor(8))),
        .read(KeyFileRequest(path: "/k", purpose: .signing, opened: .descriptor(9))),
        .read(
            KeyFileRequest(path: "/k", purpose: .unwrapping(use: nil, publicKeySID: nil), opened: .failed(EACCES))),
        .confine, .unwrap(call: .max, key: 0, wrapped), .forget(key: 3),
        .unwrap(
            call: 1, key: 2, WrappedKey(wrapping: .rsaOAEPSHA1KEM, cipher: .aes256GCM, publicKeySID: nil, bytes: [])),
        .sign(call: 4, key: 5, digest: [UInt8](0..<32)),
    ]

    private static let responses: [KeyResponse] = [
        .warning("a warning"), .failure(status: 13, "no key"), .keys([], publicKeySID: nil),
        .keys(
            [KeyDescription(number: 9, fingerprint: String(repeating: "0f", count: 32))], publicKeySID: "CR3"),
        .confined(KeyConfinement(isMemoryLocked: true, isFiltered: false)), .refused(call: 1),
        .malformed(call: 2, .otherCipher), .malformed(call: 3, .length(31)), .signed(call: 4, [1, 2, 3]),
        .failed(call: 5, "libcrypto"),
    ]

    private func bytes(_ write: (UnsafeMutableRawBufferPointer) throws(MessageError) -> Int) throws -> [UInt8] {
        let buffer = SecretBuffer(count: KeyRequest.largestSize)
        return Array(buffer.bytes.prefix(try write(buffer.bytes)))
    }

    private func read<Message>(
        _ bytes: [UInt8], _ read: (UnsafeRawBufferPointer) throws(MessageError) -> Message
    ) throws -> Message {
        let buffer = SecretBuffer(count: bytes.count + 1)
        buffer.bytes.copyBytes(from: bytes)
        return try read(UnsafeRawBufferPointer(rebasing: buffer.bytes[..<bytes.count]))
    }

    @Test("What is written is read as the same", arguments: requests)
    func request(_ request: KeyRequest) throws {
        let again = try read(bytes(request.write)) { (bytes) throws(MessageError) in
            try KeyRequest(bytes, with: request.descriptor)
        }
        #expect(again == request)
    }

    @Test("A descriptor that a message doesn't announce is refused, and so is its absence", arguments: requests)
    func descriptors(_ request: KeyRequest) throws {
        let wrong: Int32? = request.descriptor == nil ? 5 : nil
        #expect(throws: MessageError.invalid) {
            try read(bytes(request.write)) { (bytes) throws(MessageError) in try KeyRequest(bytes, with: wrong) }
        }
    }

    @Test("An answer is read as it was written, a content key too")
    func response() throws {
        let key = try ContentEncryptionKey(SecretBytes(Array(1...32)))
        for response in Self.responses + [.unwrapped(call: 6, key)] {
            let written = try bytes(response.write)
            let again = try read(written) { (bytes) throws(MessageError) in try KeyResponse(bytes) }
            #expect(try bytes(again.write) == written)
            #expect(written.count < 200)
        }
    }

    @Test("A message that is cut anywhere, or goes on, is refused")
    func cut() throws {
        let key = try ContentEncryptionKey(SecretBytes(Array(1...32)))
        let requests = try Self.requests.map { try bytes($0.write) }
        let responses = try (Self.responses + [.unwrapped(call: 6, key)]).map { try bytes($0.write) }
        for whole in requests {
            for bytes in whole.indices.map({ Array(whole[..<$0]) }) + [whole + [0]] {
                #expect(throws: MessageError.self) {
                    try read(bytes) { (bytes) throws(MessageError) in try KeyRequest(bytes) }
                }
            }
        }
        for whole in responses {
            for bytes in whole.indices.map({ Array(whole[..<$0]) }) + [whole + [0]] {
                #expect(throws: MessageError.self) {
                    try read(bytes) { (bytes) throws(MessageError) in try KeyResponse(bytes) }
                }
            }
        }
    }

    @Test(
        "Unknown kinds, words and numbers are refused",
        arguments: [
            [0], [7], [255], [1, 2, 0, 0, 0], [2, 0, 0, 0, 1, 1, 0, 0x78, 0], [2, 2, 0, 0xFF, 0xFE, 1],
            [4, 0, 0, 0, 0, 0, 0, 0, 0, 9, 1, 0, 0, 0], [4, 0, 0, 0, 0, 0, 0, 0, 0, 1, 3, 0, 0, 0],
        ] as [[UInt8]])
    func unknown(_ message: [UInt8]) {
        #expect(throws: MessageError.invalid) {
            try read(message) { (bytes) throws(MessageError) in try KeyRequest(bytes) }
        }
    }

    @Test("A sentence of any length fits, shortened between characters")
    func longSentence() throws {
        let written = try bytes(KeyResponse.warning(String(repeating: "€", count: 10_000)).write)
        #expect(written.count <= KeyRequest.largestSize)
        let again = try read(written) { (bytes) throws(MessageError) in try KeyResponse(bytes) }
        guard case .warning(let sentence) = again else { throw MessageError.invalid }
        #expect(sentence.hasSuffix("€…") && sentence.allSatisfy { "€…".contains($0) })
        #expect(throws: MessageError.tooLong) {
            _ = try bytes(
                KeyRequest.read(KeyFileRequest(path: String(repeating: "a", count: 20_000), purpose: .signing)).write)
        }
    }
}
