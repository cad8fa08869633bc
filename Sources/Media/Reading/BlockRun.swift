import Envelope

/// Consecutive blocks in memory.
struct BlockRun: Ciphertext {
    let blocks: [Block]

    var isAuthenticated: Bool { blocks.allSatisfy(\.isAuthenticated) }

    /// Authenticates the blocks that weren't authenticated before, if the content has a tag.
    ///
    /// Blocks are hashed by the thread that decrypts them: they pass the processor's caches once, and hashing is as
    /// parallel as reading. Blocks that aren't read aren't hashed.
    func authenticate(
        for content: MediaContent, attempt: ContentAuthentication.Attempt, verified: () -> Void
    ) throws(EnvelopeError) -> Bool {
        guard let authentication = content.authentication else { return true }
        for block in blocks where !block.isAuthenticated {
            let verdict = try block.read(0..<block.byteCount) { (bytes) throws(EnvelopeError) in
                try authentication.absorb(bytes, at: block.offset, attempt: attempt)
            }
            if verdict == .outdated { return false }
            block.noteAuthentication()
            if verdict == .verified { verified() }
        }
        return true
    }

    func decrypt(
        _ range: Range<Int64>, of content: MediaContent, into plaintext: UnsafeMutableRawBufferPointer,
        using space: UnsafeMutableRawBufferPointer
    ) throws {
        for block in blocks {
            let part = range.clamped(to: block.offset..<(block.offset + Int64(block.byteCount)))
            guard !part.isEmpty else { continue }
            let needed = content.ciphertextRange(forPlaintext: part)
            let local = Int(needed.lowerBound - block.offset)..<Int(needed.upperBound - block.offset)
            let target = Int(part.lowerBound - range.lowerBound)..<Int(part.upperBound - range.lowerBound)
            try block.read(local) { (ciphertext) throws(EnvelopeError) in
                try content.decrypt(
                    ciphertext, at: needed.lowerBound,
                    into: UnsafeMutableRawBufferPointer(rebasing: plaintext[target]), at: part.lowerBound)
            }
        }
    }
}
