import Envelope
import Support
import Transfer
import TwilioAPI

/// Fetches a stream of all ciphertext and serves reads from it; see ``StreamState``.
struct StreamSource: StreamDelegate {
    let file: FileContent
    let reads: any ReadRunner

    private var known: KnownMedia { file.known }
    private var services: MediaServices { file.services }
    private var verification: Verification { Verification(file: file, reads: reads) }

    // MARK: The beginning

    func begin(for read: PendingRead) {
        do throws(MediaError) {
            let source = try known.addresses()
            let slot = TransferSlot()
            guard let fetch = try keep(from: slot, for: read) else { return }
            slot.hold(
                services.transfer.download(
                    DownloadRequest(
                        bodyLimit: known.largestBody, priority: .reader, retriesNotFound: known.mayBeTooYoung,
                        expectedEntityTag: known.facts?.entityTag,
                        refusal: { [weak fetch] in fetch?.refusal(of: $0) }),
                    from: source, to: fetch))
        } catch {
            read.fail(error)
        }
    }

    func descriptionDidBecomeStream(_ transfer: TransferSlot) throws(MediaError) -> StreamFetch? {
        let detached = file.state.withLock { $0.stream.detach() }
        file.end(detached, failing: known.error(.changed, "is fetched anew: open it again"))
        return try keep(from: transfer)
    }

    /// Makes the receiver of a stream, which serves the file's reads from now on.
    ///
    /// - Parameters:
    ///   - transfer: the stream's transfer; the file's other transfers are cancelled.
    ///   - read: waits for this stream or the one in progress.
    /// - Returns: nil if a stream is in progress, or if the read's content was dropped.
    func keep(from transfer: TransferSlot, for read: PendingRead? = nil) throws(MediaError) -> StreamFetch? {
        let folder = services.configuration.spoolFolder
        let spool = try known.onDisk { () throws(SystemError) in try Spool(folder: folder) }
        guard let (isTaken, others) = file.state.withLock({ $0.begin(spool, from: transfer, for: read) }) else {
            if let read { reads.run(read) }
            return nil
        }
        for other in others { other.cancel() }
        guard isTaken else {
            advance()
            return nil
        }
        return StreamFetch(known, to: spool, delegate: self)
    }

    // MARK: Growth and end

    func streamDidGrow(_ spool: Spool, to written: Int64, isRecognised: Bool) {
        file.state.withLock { $0.stream.grow(spool, to: written, isRecognised: isRecognised) }
        advance()
    }

    func streamDidEnd(_ spool: Spool, _ result: Result<Void, MediaError>, _ finding: MediaFinding?) {
        switch result {
        case .success:
            if let error = contradiction(atEndOf: spool) {
                file.doubt(failing: error)
                streamDidFail(spool, error)
                return
            }
            file.state.withLock { $0.stream.complete(spool) }
            // Content with a tag is confirmed by its authentication.
            if let content = file.state.withLock({ $0.content.value }), content.authentication == nil {
                known.confirm()
            }
            advance()
        case .failure(let error):
            file.take(finding, failing: error)
            streamDidFail(spool, error)
        }
    }

    /// The reason that an ended stream can't be all of the media; nil if it can.
    private func contradiction(atEndOf spool: Spool) -> MediaError? {
        guard let written = file.state.withLock({ $0.stream.byteCount(of: spool) }), let facts = known.facts else {
            return nil
        }
        guard written == facts.ciphertextSize else {
            // Readers of missing bytes would wait for ever; this stream or the described one may have broken off.
            return known.error(.changed, "has a different size than before")
        }
        services.provisionalSizes.withLock { $0.noteAnswer(of: known.sid, size: written) }
        return nil
    }

    private func streamDidFail(_ spool: Spool, _ error: MediaError) {
        if error.code != .shutDown { known.forgetAddresses() }
        file.end(file.state.withLock { $0.stream.end(spool) }, failing: error)
    }

    // MARK: Progress

    /// Takes the next step: authenticates a complete stream, or serves reads.
    func advance() {
        guard let (step, content, attempt) = file.state.withLock({ $0.advanceStream() }) else { return }
        switch step {
        case .nothing:
            break
        case .serve(let ready, let spool):
            for read in ready {
                services.workers.run { reads.serve(read, from: spool, attempt: attempt) }
            }
        case .authenticate(let spool, let size):
            services.workers.run { authenticate(content, in: spool, size: size) }
        }
    }

    private func authenticate(_ content: MediaContent, in spool: Spool, size: Int64) {
        guard let authentication = content.authentication else { return }
        let attempt = authentication.attempt
        do {
            try services.scratch.withBuffer { buffer in
                try spool.authenticate(size, with: authentication, attempt: attempt, using: buffer)
            }
            verification.contentDidPass()
            file.state.withLock { $0.stream.pass(spool) }
            advance()
        } catch let error as EnvelopeError {
            verification.contentDidFail(content, attempt: attempt, error)
        } catch {
            let error = MediaError(.storage, known.sid, "\(known.sid): \(error)", cause: error)
            streamDidEnd(spool, .failure(error), nil)
        }
    }
}
