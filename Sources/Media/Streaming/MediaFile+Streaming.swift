import Envelope
import Support
import Transfer
import TwilioAPI

/// The file's side of a stream: see ``StreamState``.
extension MediaFile: StreamKeeper {
    func keepDescribedStream(from transfer: TransferSlot) throws(MediaError) -> StreamFetch? {
        let (reads, transfers) = state.withLock { $0.stream.detach() }
        for transfer in transfers { transfer.cancel() }
        let error = MediaError(.changed, sid, "the media of \(sid) is fetched anew: open it again")
        for read in reads { read.fail(error) }
        return try keepStream(from: transfer)
    }

    /// Makes a receiver for a stream that has begun to come; the file's readers are served from it from now on.
    ///
    /// - Parameters:
    ///   - transfer: brings the stream. If it is a fetch's it goes on; all others are cancelled.
    ///   - read: waits for the stream, this one or the one that comes already.
    /// - Returns: nil when a stream comes already. A second one would write over it.
    func keepStream(from transfer: TransferSlot, for read: PendingRead? = nil) throws(MediaError) -> StreamFetch? {
        let spool: Spool
        do throws(SystemError) {
            spool = try Spool(folder: services.configuration.spoolFolder)
        } catch {
            throw MediaError(.storage, sid, error.message, cause: error)
        }
        let (isTaken, others) = state.withLock { state -> (Bool, [TransferSlot]) in
            state.ignoresRanges = true
            let left = state.blocks?.reset()
            let reads = (left?.readers.map(\.reader) ?? []) + (read.map { [$0] } ?? [])
            let others = state.transfers.values.filter { $0 !== transfer }
            state.transfers = [:]
            return (state.stream.begin(spool, from: transfer, for: reads), others)
        }
        for other in others { other.cancel() }
        guard isTaken else {
            advanceStream()
            return nil
        }
        return StreamFetch(known, to: spool, delegate: self)
    }

    /// Reads from the stream; begins one when there is none.
    func readStreamed(_ read: PendingRead) {
        guard !state.withLock({ $0.stream.take(read) }) else {
            advanceStream()
            return
        }
        do throws(MediaError) {
            let source = try known.addresses()
            let slot = TransferSlot()
            guard let fetch = try keepStream(from: slot, for: read) else { return }
            slot.hold(
                services.transfer.download(
                    DownloadRequest(
                        priority: .reader, retriesNotFound: known.mayBeTooYoung,
                        expectedEntityTag: known.facts?.entityTag,
                        refusal: { [weak fetch] in fetch?.refusal(of: $0) }),
                    from: source, to: fetch))
        } catch {
            read.fail(error)
        }
    }

    func streamDidGrow(_ spool: Spool, to written: Int64, isRecognised: Bool) {
        state.withLock { $0.stream.grow(spool, to: written, isRecognised: isRecognised) }
        advanceStream()
    }

    func streamDidEnd(_ spool: Spool, _ result: Result<Void, MediaError>, _ finding: MediaFinding?) {
        if case .failure(let error) = result { take(finding, failing: error) }
        var result = result
        let written = state.withLock { $0.stream.byteCount(of: spool) }
        if case .success = result, let written, let size = known.facts?.ciphertextSize {
            if written == size {
                services.provisionalSizes.withLock { $0.noteAnswer(of: sid, size: written) }
            } else {
                // Readers of the missing bytes would wait for ever. This stream may have broken off.
                let error = MediaError(.changed, sid, "the media of \(sid) has another size than it had")
                result = .failure(error)
                doubtFacts(failing: error)
            }
        }
        switch result {
        case .success:
            state.withLock { $0.stream.complete(spool) }
            // The tag decides where there is one.
            if case .known(let content) = state.withLock({ $0.content }), content.authentication == nil {
                known.confirm()
            }
            advanceStream()
        case .failure(let error):
            if error.code != .shutDown { known.forgetAddresses() }
            let (reads, transfers) = state.withLock { $0.stream.end(spool) }
            for transfer in transfers { transfer.cancel() }
            for read in reads { read.fail(error) }
        }
    }

    /// Does what has become possible: authenticates a complete stream, serves the reads whose bytes are there.
    func advanceStream() {
        typealias Advance = (step: StreamState.Step, content: MediaContent, attempt: ContentAuthentication.Attempt)
        let advance = state.withLock { state -> Advance? in
            guard case .known(let content) = state.content else { return nil }
            return (state.stream.advance(for: content), content, content.authentication?.attempt ?? 0)
        }
        guard let (step, content, attempt) = advance else { return }
        switch step {
        case .nothing:
            break
        case .serve(let reads, let spool):
            for read in reads {
                services.workers.run { [self] in serve(read, from: spool, attempt: attempt) }
            }
        case .authenticate(let spool, let size):
            services.workers.run { [self] in authenticate(content, in: spool, size: size) }
        }
    }

    private func authenticate(_ content: MediaContent, in spool: Spool, size: Int64) {
        guard let authentication = content.authentication else { return }
        let attempt = authentication.attempt
        do {
            try services.scratch.withBuffer { buffer in
                for offset in stride(from: 0, to: size, by: Block.size) {
                    let piece = UnsafeMutableRawBufferPointer(
                        rebasing: buffer[..<Int(min(Int64(Block.size), size - offset))])
                    try spool.read(offset..<(offset + Int64(piece.count)), into: piece)
                    try authentication.absorb(UnsafeRawBufferPointer(piece).bytes, at: offset, attempt: attempt)
                }
            }
            guard authentication.integrity == .verified else {
                throw EnvelopeError(.truncated, "The stream ended before the tag.")
            }
            contentWasVerified(content)
            state.withLock { $0.stream.pass(spool) }
            advanceStream()
        } catch let error as EnvelopeError {
            authenticationDidFail(content, attempt: attempt, error)
        } catch {
            streamDidEnd(spool, .failure(MediaError(.storage, sid, "\(sid): \(error)", cause: error)), nil)
        }
    }

    /// Decrypts piece by piece, so that no more memory is needed than that of one scratch buffer.
    private func serve(_ read: PendingRead, from spool: Spool, attempt: ContentAuthentication.Attempt) {
        let content = read.content
        guard case .delivery(let receiver) = read.purpose else {
            if case .arrival(let completion) = read.purpose { completion(.success(())) }
            return
        }
        guard noteRelease(of: content, attempt: attempt) else {
            begin(read)
            return
        }
        do {
            try services.scratch.withBuffer { buffer in
                let plaintext = UnsafeMutableRawBufferPointer(rebasing: buffer[..<read.range.count])
                let space = UnsafeMutableRawBufferPointer(rebasing: buffer[read.range.count...])
                let step = Int64(Self.pieceSize)
                var offset = read.range.lowerBound
                while offset < read.range.upperBound {
                    let part = offset..<min(read.range.upperBound, (offset / step + 1) * step)
                    let needed = content.ciphertextRange(forPlaintext: part)
                    let ciphertext = UnsafeMutableRawBufferPointer(rebasing: space[..<needed.count])
                    try spool.read(needed, into: ciphertext)
                    let target =
                        Int(part.lowerBound - read.range.lowerBound)..<Int(part.upperBound - read.range.lowerBound)
                    try content.decrypt(
                        UnsafeRawBufferPointer(ciphertext).bytes, at: needed.lowerBound,
                        into: UnsafeMutableRawBufferPointer(rebasing: plaintext[target]), at: part.lowerBound)
                    offset = part.upperBound
                }
                receiver.readDidFinish(UnsafeRawBufferPointer(plaintext).bytes)
            }
        } catch let error as EnvelopeError {
            read.fail(MediaError(error, sid))
        } catch {
            read.fail(MediaError(.storage, sid, "\(sid): \(error)", cause: error))
        }
    }

    /// Bytes decrypted at once: with a block of AES on either side they fit behind the largest read in a scratch
    /// buffer.
    private static var pieceSize: Int { 32 << 10 }
}
