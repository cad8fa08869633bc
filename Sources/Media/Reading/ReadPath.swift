import Envelope
import Support
import Transfer
import TwilioAPI

/// The path of a file's reads, from request to reply.
///
/// A read passes the gate, which refuses it or holds it until the content is verified. Then a source takes it: blocks,
/// or one stream of everything. The read's ciphertext is authenticated, counted as released, decrypted and delivered. A
/// read from memory does all of this at once on the reader's thread. A read that waited for ciphertext continues on a
/// worker. A read that waited for memory or a verdict, or whose ciphertext was dropped, runs again from the gate.
final class ReadPath: ReadRunner {
    private let file: FileContent

    init(of file: FileContent) { self.file = file }

    private var services: MediaServices { file.services }
    private var sid: SID { file.known.sid }
    private var verification: Verification { Verification(file: file, reads: self) }
    private var blocks: BlockSource { BlockSource(file: file, reads: self) }
    private var stream: StreamSource { StreamSource(file: file, reads: self) }

    // MARK: Requests

    /// Reads a plaintext range of an opened content, without the part beyond its end.
    func read(_ range: Range<Int64>, of content: MediaContent, at place: ReadingPlace, receiver: any ReadReceiver) {
        let range = range.clamped(to: 0..<content.plaintextSize)
        services.metrics.readBegan()
        let receiver = CountingReceiver(receiver: receiver, metrics: services.metrics)
        let read = PendingRead(range: range, content: content, place: place, purpose: .delivery(receiver))
        if !range.isEmpty {
            runChecked(read)
        } else if let refusal = file.state.withLock({ $0.refusal(of: content) }) {
            fail(read, refusal)
        } else {
            receiver.readDidFinish(UnsafeRawBufferPointer(start: nil, count: 0).bytes)
        }
    }

    /// Fetches a plaintext range before it is read; if the content is held back, fetches and verifies all of it.
    func readAhead(_ range: Range<Int64>, of content: MediaContent) {
        if content.isHeldBack {
            verification.beginPass(of: content)
        } else if !range.isEmpty {
            run(
                PendingRead(
                    range: range, content: content, place: ReadingPlace(), purpose: .arrival { _ in },
                    priority: .readAhead))
        }
    }

    /// Whether a content is the open one.
    func isCurrent(_ content: MediaContent) -> Bool { file.state.withLock { $0.isCurrent(content) } }

    // MARK: Gate and source

    func run(_ read: PendingRead) { run(read, granted: []) }

    /// Runs a read once the content's beginning is known to be right; the read may bring it itself.
    private func runChecked(_ read: PendingRead) {
        let needed = BeginningCheck.range
        guard let beginning = read.content.beginning, beginning.isOutstanding,
            read.range.clamped(to: needed) != needed
        else { return run(read) }
        let receiver = BeginningReceiver { [self] error in
            if let error { read.fail(error) } else { services.workers.run { [self] in run(read) } }
        }
        run(
            PendingRead(
                range: needed, content: read.content, place: ReadingPlace(first: Int64(Block.size)),
                purpose: .delivery(receiver)))
    }

    /// - Parameter granted: memory that the read has waited for.
    private func run(_ read: PendingRead, granted: [PooledMemory]) {
        let share = services.memoryShare
        let link = services.link.withLock { $0 }
        let memory = services.memory
        var read = read
        let admission = file.state.withLock {
            $0.admit(&read, share: share, link: link, memory: memory, granted: granted)
        }
        switch admission {
        case .refused(let refusal):
            fail(read, refusal)
        case .held(let pass, let overtaken):
            for transfer in overtaken { transfer.raise(to: .reader) }
            verification.readIsHeld(read, begins: pass)
        case .taken(let answer, let attempt, let isReleased):
            for transfer in answer.overtaken { transfer.raise(to: .reader) }
            for order in answer.orders { blocks.start(order, for: read) }
            if answer.isFirst { readAheadAtEnd(after: read) }
            switch answer.outcome {
            case .ready(let ciphertext) where isReleased:
                reply(to: read, from: ciphertext)
                services.memoryMayBeFree()
            case .ready(let ciphertext): serve(read, from: ciphertext, attempt: attempt)
            case .waits: break
            case .short(let count): waitForMemory(read, slotCount: count)
            case .streamed: stream.advance()
            case .noStream: stream.begin(for: read)
            }
            if answer.isShort {
                read.place.noteShortage()
                services.reclaimMemory(services.memory.slotCount / 4, isUrgent: false)
            }
        }
    }

    private func fail(_ read: PendingRead, _ refusal: FileState.Refusal) {
        switch refusal {
        case .failed: read.fail(MediaError(.authenticationFailed, sid, "\(sid) failed authentication"))
        case .changed: read.fail(MediaError(.changed, sid, "\(sid) has changed since it was opened: open it again"))
        }
    }

    /// Runs a read again when memory is free.
    private func waitForMemory(_ read: PendingRead, slotCount: Int) {
        guard read.isForDelivery || read.priority == .reader else {
            // The memory is needed for readers.
            read.fail(MediaError(.shutDown, sid, "there is no memory to read \(sid) ahead"))
            return
        }
        services.memory.wait(for: min(slotCount, services.memory.slotCount)) { [self] memory in
            if memory.isEmpty {
                read.fail(MediaError(.shutDown, sid, "reading \(sid) was cancelled"))
            } else {
                run(read, granted: memory)
            }
        }
        services.reclaimMemory(slotCount, isUrgent: true)
    }

    /// Fetches the end of a large video file when its beginning is read.
    ///
    /// The index is usually at the end, so players read it next; this saves them a round trip.
    private func readAheadAtEnd(after read: PendingRead) {
        let size = read.content.plaintextSize
        // Smaller files arrive soon anyway.
        guard read.isForDelivery, file.known.resource.kind.containers == .video, read.range.lowerBound == 0,
            size > ReadAheadWindow.maximum
        else { return }
        // Aligned to a block, so that one request is enough.
        let block = Int64(Block.size)
        readAhead((size - ReadAheadWindow.minimum + block - 1) / block * block..<size, of: read.content)
    }

    // MARK: Release, decryption, reply

    func serve(_ read: PendingRead, from ciphertext: any Ciphertext, attempt: ContentAuthentication.Attempt) {
        let isAuthenticated: Bool
        do throws(EnvelopeError) {
            isAuthenticated = try ciphertext.authenticate(for: read.content, attempt: attempt) {
                verification.contentDidPass(read.content)
            }
        } catch {
            verification.contentDidFail(read.content, attempt: attempt, error, in: read)
            services.memoryMayBeFree()
            return
        }
        if !read.isForDelivery {
            // In an outdated verifying pass, nothing is left to do.
            if isAuthenticated { reply(to: read, from: ciphertext) }
        } else if isAuthenticated, file.state.withLock({ $0.release(read.content, attempt) }) {
            reply(to: read, from: ciphertext)
        } else {
            // Meanwhile other bytes failed authentication, or the media changed.
            run(read)
        }
        services.memoryMayBeFree()
    }

    /// The reason that a read's bytes can't be the content's beginning; nil if they can, or are others.
    private func problem(with read: PendingRead, _ plaintext: UnsafeRawBufferPointer) -> String? {
        let needed = BeginningCheck.range
        guard let beginning = read.content.beginning, beginning.isOutstanding,
            read.range.clamped(to: needed) == needed
        else { return nil }
        let bytes = UnsafeRawBufferPointer(rebasing: plaintext[..<Int(needed.upperBound)])
        return beginning.refusal(of: bytes, kind: file.known.resource.kind)
    }

    /// Drops content that was decrypted with the content key of another private key: the next opening tries the others.
    private func beginningIsWrong(_ read: PendingRead, _ problem: String) {
        let error = file.known.error(
            .integrityFailed,
            "can't be what was decrypted (\(problem)): another private key is tried when it is opened again, or it is"
                + " damaged")
        read.content.beginning?.reject(in: services.keys)
        file.doubt(failing: error) { $0.isCurrent(read.content) }
        read.fail(error)
    }

    /// Decrypts and delivers the bytes of a read.
    private func reply(to read: PendingRead, from ciphertext: any Ciphertext) {
        switch read.purpose {
        case .arrival(let completion):
            completion(.success(()))
        case .delivery(let receiver):
            do {
                let problem = try services.scratch.withBuffer { buffer -> String? in
                    let plaintext = UnsafeMutableRawBufferPointer(rebasing: buffer[..<read.range.count])
                    let space = UnsafeMutableRawBufferPointer(rebasing: buffer[read.range.count...])
                    try ciphertext.decrypt(read.range, of: read.content, into: plaintext, using: space)
                    if let problem = self.problem(with: read, UnsafeRawBufferPointer(plaintext)) { return problem }
                    receiver.readDidFinish(UnsafeRawBufferPointer(plaintext).bytes)
                    return nil
                }
                if let problem { beginningIsWrong(read, problem) }
            } catch let error as EnvelopeError {
                read.fail(MediaError(error, sid))
            } catch {
                read.fail(MediaError(.storage, sid, "\(sid): \(error)", cause: error))
            }
        }
    }
}
