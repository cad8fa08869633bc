import Envelope
import Foundation
import TestSupport
import Testing

@testable import Media

extension MediaContent {
    /// Content of some bytes with a tag that nothing agrees with.
    static func withTag(size: Int64 = 1000, isStrict: Bool = false) throws -> MediaContent {
        let facts = try #require(
            MediaFacts(
                ciphertextSize: size + 16, plaintextSize: size, isPlaintextSizeExact: true, entityTag: nil,
                envelopeFields: [:], tail: Array(repeating: 7, count: 32), requestedChannels: nil, isConfirmed: false))
        let metadata = try EnvelopeMetadata(
            cipher: .aes256GCM, wrapping: .rsaOAEPSHA256, wrappedKey: Array(repeating: 0, count: 256),
            initializationVector: Array(0..<12))
        return try MediaContent(
            facts: facts, metadata: metadata, key: ContentEncryptionKey(SecretBytes(Array(0..<32))),
            isStrict: isStrict)
    }

    /// Shows all of the content to its authentication, which fails.
    func failAuthentication() throws {
        let authentication = try #require(authentication)
        let bytes = [UInt8](repeating: 1, count: Int(contentSize))
        #expect(throws: EnvelopeError.self) {
            try authentication.absorb(bytes.span.bytes, at: 0, attempt: authentication.attempt)
        }
    }
}

extension Spool {
    /// An empty spool; its folder need not outlive this, since the file has no name.
    static func temporary() throws -> Spool {
        let folder = try TemporaryFolder()
        return try withExtendedLifetime(folder) { try Spool(folder: folder.url.path) }
    }
}
