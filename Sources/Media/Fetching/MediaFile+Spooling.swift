import Envelope
import Support
import Transfer
import TwilioAPI

/// Ciphertext that comes as one stream, because the server ignores ranges, and is kept in a temporary file.
struct SpooledContent {
    /// How far content with a tag has been authenticated.
    ///
    /// Nothing of a stream is released before all of it has been.
    enum Authentication {
        case outstanding
        case underWay
        case passed
    }

    let spool: Spool

    /// The transfer that brings it.
    let transfer: TransferSlot
    var written: Int64 = 0
    var isComplete = false

    /// Whether bytes are released while more of them come: what came so far can be what is known of the media.
    ///
    /// Else nothing is released before the size, which nobody has announced, has turned out to be right.
    var isRecognised = false
    var authentication = Authentication.outstanding

    /// Reads whose bytes haven't come.
    var waiting: [PendingRead] = []
}

/// The file's side of a stream: see ``SpooledContent``.
extension MediaFile: StreamKeeper {
    func keepDescribedStream(from transfer: TransferSlot) throws(MediaError) -> SpoolFetch? {
        try makeSpoolFetch(from: transfer, isDescribing: true)
    }

    func streamDidEnd(_ spool: Spool, _ result: Result<Void, MediaError>) {
        spoolDidEnd(spool, result)
    }

    /// Makes what takes a stream that has begun to come; the file's readers are served from it from now on.
    ///
    /// - Parameters:
    ///   - transfer: brings the stream. That of a fetch, if it is one's, is kept; all others are cancelled.
    ///   - read: waits for the stream, this one or the one that comes already.
    ///   - isDescribing: whether the media is being described: a stream from before belongs to what was known of it
    ///     then, and goes.
    /// - Returns: nil when a stream comes already. A second one would write over it.
    func makeSpoolFetch(
        from transfer: TransferSlot, for read: PendingRead? = nil, isDescribing: Bool = false
    ) throws(MediaError) -> SpoolFetch? {
        if isDescribing {
            let old = state.withLock { state -> SpooledContent? in
                defer { state.spool = nil }
                return state.spool
            }
            old?.transfer.cancel()
            let error = MediaError(.changed, sid, "the media of \(sid) is fetched anew: open it again")
            for read in old?.waiting ?? [] { read.fail(error) }
        }
        let spool: Spool
        do throws(SystemError) {
            spool = try Spool(folder: services.configuration.spoolFolder)
        } catch {
            throw MediaError(.storage, sid, error.message, cause: error)
        }
        let (isFirst, others) = state.withLock { state -> (Bool, [TransferSlot]) in
            state.ignoresRanges = true
            let left = state.blocks?.reset()
            let isFirst = state.spool == nil
            if isFirst { state.spool = SpooledContent(spool: spool, transfer: transfer) }
            state.spool?.waiting += (left?.readers.map(\.reader) ?? []) + (read.map { [$0] } ?? [])
            let others = state.transfers.values.filter { $0 !== transfer }
            state.transfers = [:]
            return (isFirst, others)
        }
        for other in others { other.cancel() }
        guard isFirst else {
            advanceSpool()
            return nil
        }
        return SpoolFetch(file: self, spool: spool)
    }

    /// Reads from the stream; begins one when there is none.
    func readSpooled(_ read: PendingRead) {
        let begins = state.withLock { state -> Bool in
            state.spool?.waiting.append(read)
            return state.spool == nil
        }
        guard begins else {
            advanceSpool()
            return
        }
        do throws(MediaError) {
            let source = try known.addresses()
            let slot = TransferSlot()
            guard let fetch = try makeSpoolFetch(from: slot, for: read) else { return }
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

    /// The stream's beginning is there: its announced size is the media's, and so is the signature of what isn't
    /// sealed.
    func spoolWasRecognised(_ spool: Spool) {
        state.withLock { state in
            guard state.spool?.spool === spool else { return }
            state.spool?.isRecognised = true
        }
    }

    /// More of the stream has been written.
    func spoolDidGrow(_ spool: Spool, to written: Int64) {
        state.withLock { state in
            guard state.spool?.spool === spool else { return }
            state.spool?.written = written
        }
        advanceSpool()
    }

    /// The stream has ended.
    func spoolDidEnd(_ spool: Spool, _ result: Result<Void, MediaError>) {
        var result = result
        let written = state.withLock { $0.spool?.spool === spool ? $0.spool?.written : nil }
        let size = written.flatMap { written in known.facts.map { (written: written, told: $0.ciphertextSize) } }
        if case .success = result, let size, size.written != size.told {
            // Readers of what is missing would wait for ever. It may be that this stream broke off.
            let error = MediaError(.changed, sid, "the media of \(sid) has another size than it had")
            result = .failure(error)
            doubtFacts(failing: error)
        }
        switch result {
        case .success:
            state.withLock { state in
                guard state.spool?.spool === spool else { return }
                state.spool?.isComplete = true
            }
            if let size { services.provisionalSizes.withLock { $0.noteAnswer(of: sid, size: size.written) } }
            // Of what has a tag, the tag decides.
            if case .known(let content) = state.withLock({ $0.content }), content.authentication == nil {
                known.confirm()
            }
            advanceSpool()
        case .failure(let error):
            if error.code != .shutDown { known.forgetAddresses() }
            let (waiting, transfer) = state.withLock { state -> ([PendingRead], TransferSlot?) in
                guard let progress = state.spool, progress.spool === spool else { return ([], nil) }
                state.spool = nil
                return (progress.waiting, progress.transfer)
            }
            transfer?.cancel()
            for read in waiting { read.fail(error) }
        }
    }

    /// Does what has become possible: authenticates a complete stream, serves the readers whose bytes are there.
    func advanceSpool() {
        enum Step {
            case nothing
            case authenticate(MediaContent, Spool, size: Int64)
            case serve([PendingRead], Spool, attempt: ContentAuthentication.Attempt)
        }
        let step = state.withLock { state -> Step in
            guard case .known(let content) = state.content, let progress = state.spool else { return .nothing }
            if content.authentication != nil, progress.authentication != .passed {
                guard progress.isComplete, progress.authentication == .outstanding else { return .nothing }
                state.spool?.authentication = .underWay
                return .authenticate(content, progress.spool, size: progress.written)
            }
            guard progress.isComplete || progress.isRecognised || content.authentication != nil else { return .nothing }
            var ready: [PendingRead] = []
            state.spool?.waiting.removeAll { read in
                let needed = content.ciphertextRange(forPlaintext: read.range)
                guard needed.upperBound <= progress.written else { return false }
                ready.append(read)
                return true
            }
            let attempt = content.authentication?.attempt ?? 0
            return ready.isEmpty ? .nothing : .serve(ready, progress.spool, attempt: attempt)
        }
        switch step {
        case .nothing:
            break
        case .serve(let reads, let spool, let attempt):
            for read in reads {
                services.workers.run { [self] in serve(read, from: spool, attempt: attempt) }
            }
        case .authenticate(let content, let spool, let size):
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
            state.withLock { state in
                guard state.spool?.spool === spool else { return }
                state.spool?.authentication = .passed
            }
            advanceSpool()
        } catch let error as EnvelopeError {
            authenticationDidFail(content, attempt: attempt, error)
        } catch {
            spoolDidEnd(spool, .failure(MediaError(.storage, sid, "\(sid): \(error)", cause: error)))
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
                let step = Int64(Self.spoolPiece)
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
    private static var spoolPiece: Int { 32 << 10 }
}
