import Envelope
import Threading
import Transfer
import TwilioAPI

/// Learns what has to be known of a file's media: asks for the last 32 bytes.
///
/// One small request tells everything: the total size and the entity tag, the envelope's fields, GCM's tag or CBC's
/// padding. HEAD would not, and presigned addresses refuse it. A server that ignores ranges sends everything; that is
/// left off where the head tells enough, else kept, so that it isn't sent twice. If it is the API's own, HEAD is used
/// from then on where that tells sizes: see ``ProbeFindings``.
final class DescriptionFetch: DownloadReceiver, @unchecked Sendable {
    // Safe although unchecked: what changes is touched on the transfer thread alone.
    private let file: MediaFile
    private let priority: Priority
    private let transfer = TransferSlot()

    /// What the answer's head told.
    private var head: ResponseHead?
    private var total: Int64?
    private var tail: [UInt8] = []

    /// The stream that is kept, when the server ignores ranges and the head doesn't tell enough.
    private var spool: SpoolFetch?

    /// Whether everything is known and the rest of the stream isn't wanted.
    private var isDone = false
    private var failure: MediaError?

    /// The request that was made.
    private var probe = ProbeFindings.Probe.lastBytes

    /// Whether the server was asked for everything, since it can't give the end alone.
    private var asksForEverything = false

    /// Gets what was learnt, and whether the server ignores ranges.
    private let completion: @Sendable (Result<MediaFacts, MediaError>, _ ignoresRanges: Bool) -> Void

    init(
        file: MediaFile, priority: Priority = .reader,
        completion: @escaping @Sendable (Result<MediaFacts, MediaError>, _ ignoresRanges: Bool) -> Void
    ) {
        self.file = file
        self.priority = priority
        self.completion = completion
    }

    /// Sends the request that costs the least.
    func start() {
        let address = file.resource.kind == .voiceRecording ? (try? file.addresses())?.ownAddress : nil
        if let address, let origin = address.origin,
            file.services.probes.withLock({ $0.probe(at: origin, now: .now) }) == .head
        {
            askForHead(at: address, of: origin)
        } else {
            download(range: .suffix(MediaFacts.tailSize))
        }
    }

    private func askForHead(at address: Address, of origin: Origin) {
        probe = .head
        let request = Request(
            method: .head, address: address, priority: priority, redirects: .report,
            retriesNotFound: file.mayBeTooYoung)
        transfer.hold(file.services.transfer.send(request) { [self] result in headDidEnd(result, of: origin) })
    }

    private func headDidEnd(_ result: Result<Response, TransferError>, of origin: Origin) {
        switch result {
        case .success(let response) where response.head.exactSize != nil:
            head = response.head
            total = response.head.exactSize
            isDone = true
            learn()
            return
        case .failure(let error) where error.status == nil:
            // Not answered at all: another request wouldn't be either.
            finish(.failure(file.mediaError(error)))
            return
        case .failure(let error) where error.status == 404:
            // That is about this recording, and GET tells more of it.
            break
        case .success, .failure:
            file.services.probes.withLock { $0.headFailed(at: origin, now: .now) }
        }
        probe = .lastBytes
        download(range: .suffix(MediaFacts.tailSize))
    }

    private func download(range: ByteRange?) {
        do throws(MediaError) {
            let source = try file.addresses()
            transfer.hold(
                file.services.transfer.download(
                    DownloadRequest(range: range, priority: priority, retriesNotFound: file.mayBeTooYoung),
                    from: source,
                    to: self))
        } catch {
            completion(.failure(error), false)
        }
    }

    func downloadDidBegin(_ head: ResponseHead, at offset: Int64) -> Bool {
        if let spool { return spool.downloadDidBegin(head, at: offset) }
        self.head = head
        (try? file.addresses())?.remember(served: head.address)
        if head.status == 206 {
            total = head.contentRange?.total
            guard total != nil else {
                failure = MediaError(
                    .transferFailed, file.sid, "the media server doesn't tell the size of \(file.sid)")
                return false
            }
            return true
        }
        total = head.status == 204 ? 0 : head.contentLength
        if total != nil, !needsTail(head) {
            isDone = true
            return false
        }
        do throws(MediaError) {
            guard let spool = try file.makeSpoolFetch(from: transfer) else {
                failure = MediaError(.transferFailed, file.sid, "\(file.sid) is being sent already: try again")
                return false
            }
            self.spool = spool
            return spool.downloadDidBegin(head, at: offset)
        } catch {
            failure = error
            return false
        }
    }

    func downloadDidReceive(_ bytes: RawSpan) {
        if let spool {
            spool.downloadDidReceive(bytes)
        } else {
            file.services.counts.withLock { $0.fetchedBytes += Int64(bytes.byteCount) }
            bytes.withUnsafeBytes { tail.append(contentsOf: $0) }
        }
    }

    func downloadDidEnd(_ result: Result<Void, TransferError>) {
        spool?.downloadDidEnd(result)
        if let failure {
            finish(.failure(failure))
        } else if isDone {
            learn()
        } else if case .failure(let error) = result {
            if error.status == 416 {
                refusedRange(error)
            } else {
                finish(.failure(file.mediaError(error)))
            }
        } else if let spool {
            do throws(MediaError) {
                total = spool.written
                tail = try spool.tail(count: MediaFacts.tailSize)
                learn()
            } catch {
                finish(.failure(error))
            }
        } else {
            learn()
        }
    }

    /// Nothing can be taken from the end: there is nothing (RFC 9110, 14.4), or the server knows no such ranges.
    private func refusedRange(_ error: TransferError) {
        if let head = error.response?.head, head.headers["content-range"]?.hasSuffix("*/0") == true {
            self.head = head
            total = 0
            learn()
        } else if !asksForEverything {
            asksForEverything = true
            download(range: nil)
        } else {
            finish(.failure(file.mediaError(error)))
        }
    }

    /// Whether the plaintext's size or the content key can't be known without the last bytes.
    ///
    /// For voice they can: GCM's size follows from the ciphertext's, OAEP knows whether the key is right, and the tag
    /// comes with the stream that is read later.
    private func needsTail(_ head: ResponseHead) -> Bool {
        file.resource.kind != .voiceRecording && !MediaFacts.envelopeFields(of: head.headers).isEmpty
    }

    private func learn() {
        guard let head, let total else {
            finish(.failure(MediaError(.transferFailed, file.sid, "the media server told nothing of \(file.sid)")))
            return
        }
        if probe == .lastBytes, !asksForEverything {
            file.services.learnProbe(from: head, size: total, of: file.resource)
        }
        let tail = Array(self.tail.suffix(Int(MediaFacts.tailSize)))
        // The padding may have to be decrypted, and the content key unwrapped for it: not on the transfer thread.
        file.services.workers.run { [self] in
            finish(Result { () throws(MediaError) in try facts(head: head, ciphertextSize: total, tail: tail) })
        }
    }

    private func facts(head: ResponseHead, ciphertextSize: Int64, tail: [UInt8]) throws(MediaError) -> MediaFacts {
        let fields = file.resource.kind == .voiceRecording ? [:] : MediaFacts.envelopeFields(of: head.headers)
        var plaintextSize = ciphertextSize
        var isExact = true
        do throws(EnvelopeError) {
            if file.resource.encryptionDetails != nil {
                plaintextSize = try CiphertextLayout.plaintextSize(ofGCMCiphertextSize: ciphertextSize)
            } else if let metadata = try MediaFacts.envelope(of: file.resource, fields: fields) {
                switch (metadata.cipher, metadata.plaintextSize) {
                case (.aes256GCM, _):
                    plaintextSize = try CiphertextLayout.plaintextSize(ofGCMCiphertextSize: ciphertextSize)
                case (.aes256CBC, let told?):
                    plaintextSize = told
                    _ = try CiphertextLayout(cipher: .aes256CBC, ciphertextSize: ciphertextSize, plaintextSize: told)
                case (.aes256CBC, nil):
                    do throws(EnvelopeError) {
                        plaintextSize = try file.services.plaintextSizeFromPadding(
                            metadata: metadata, tail: tail, ciphertextSize: ciphertextSize)
                    } catch  where error.code == .keyNotHeld || error.code == .wrongKey {
                        // Listed with the only size that is known; it can't be opened anyway.
                        isExact = false
                    }
                }
            }
        } catch {
            throw file.services.mediaError(error, sid: file.sid)
        }
        return MediaFacts(
            ciphertextSize: ciphertextSize, plaintextSize: plaintextSize, isPlaintextSizeExact: isExact,
            entityTag: head.headers["etag"], envelopeFields: fields, tail: tail)
    }

    private func finish(_ result: Result<MediaFacts, MediaError>) {
        // A stream that tells nothing isn't kept: the next attempt would find it, and nothing to go by.
        if case .failure(let error) = result, let spool { file.spoolDidEnd(spool.spool, .failure(error)) }
        completion(result, isDone || spool != nil)
    }
}
