import Envelope
import Support

/// A stream in a temporary file. If the content has a tag, all of it is authenticated before it is read.
extension Spool: Ciphertext {
    /// The most bytes decrypted at once: a scratch buffer has room for them and two AES blocks after the largest read.
    private static var pieceSize: Int64 { 32 << 10 }

    var isAuthenticated: Bool { true }

    func authenticate(
        for content: MediaContent, attempt: ContentAuthentication.Attempt, verified: () -> Void
    ) throws(EnvelopeError) -> Bool {
        true
    }

    /// Decrypts piece by piece, within one scratch buffer.
    func decrypt(
        _ range: Range<Int64>, of content: MediaContent, into plaintext: UnsafeMutableRawBufferPointer,
        using space: UnsafeMutableRawBufferPointer
    ) throws {
        var offset = range.lowerBound
        while offset < range.upperBound {
            let part = offset..<min(range.upperBound, (offset / Self.pieceSize + 1) * Self.pieceSize)
            let needed = content.ciphertextRange(forPlaintext: part)
            let ciphertext = UnsafeMutableRawBufferPointer(rebasing: space[..<needed.count])
            try read(needed, into: ciphertext)
            let target = Int(part.lowerBound - range.lowerBound)..<Int(part.upperBound - range.lowerBound)
            try content.decrypt(
                UnsafeRawBufferPointer(ciphertext).bytes, at: needed.lowerBound,
                into: UnsafeMutableRawBufferPointer(rebasing: plaintext[target]), at: part.lowerBound)
            offset = part.upperBound
        }
    }

    /// Authenticates the stream of `size` bytes, with a buffer for ciphertext.
    ///
    /// - Throws: ``EnvelopeError`` if the content isn't authentic or complete, ``SystemError`` if it can't be read.
    func authenticate(
        _ size: Int64, with authentication: ContentAuthentication, attempt: ContentAuthentication.Attempt,
        using space: UnsafeMutableRawBufferPointer
    ) throws {
        for offset in stride(from: 0, to: size, by: Block.size) {
            let piece = UnsafeMutableRawBufferPointer(rebasing: space[..<Int(min(Int64(Block.size), size - offset))])
            try read(offset..<(offset + Int64(piece.count)), into: piece)
            try authentication.absorb(UnsafeRawBufferPointer(piece).bytes, at: offset, attempt: attempt)
        }
        guard authentication.integrity == .verified else {
            throw EnvelopeError(.truncated, "the stream ended before the tag")
        }
    }
}
