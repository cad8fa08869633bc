import Transfer

/// A stream of all of a file's ciphertext and the reads that wait for it: a state machine without I/O.
///
/// A server that ignores ranges sends everything, which is kept in a temporary file. Valid transitions:
///
/// - none → in progress: a stream has begun (``begin(_:from:for:)``); a second one is refused.
/// - in progress → complete: all bytes have arrived (``complete(_:)``).
/// - complete → being authenticated → authenticated: if the content has a tag, nothing is released before
///   (``advance(for:)``, ``pass(_:)``).
/// - any → none: it has failed (``end(_:)``), or the content is dropped (``detach()``).
struct StreamState: CiphertextSource {
    /// The next step.
    enum Step {
        case nothing

        /// The stream is complete and must be authenticated.
        case authenticate(Spool, size: Int64)

        /// The stream has the bytes of these reads.
        case serve([PendingRead], Spool)
    }

    private enum Authentication { case outstanding, underWay, passed }

    private struct Stream {
        let spool: Spool
        let transfer: TransferSlot
        var written: Int64 = 0
        var isComplete = false

        /// Whether bytes are released before the end, since the announced size and the first bytes can be the media's.
        var isRecognised = false
        var authentication = Authentication.outstanding

        /// Whether a reader has waited for it; otherwise it is read-ahead.
        var isAwaited: Bool

        /// Reads without all of their bytes.
        var waiting: [PendingRead]
    }

    private var stream: Stream?

    /// The bytes in the temporary file.
    var byteCount: Int64 { stream?.written ?? 0 }

    mutating func take(_ read: PendingRead, _ demand: ReadDemand) -> SourceAnswer {
        let outcome: SourceAnswer.Outcome = keep(read) ? .streamed : .noStream
        return SourceAnswer(outcome: outcome, overtaken: read.priority == .reader ? noteReader() : [])
    }

    /// Notes the readers among the waiting reads; returns as ``noteReader()``.
    mutating func noteWaitingReaders() -> [TransferSlot] {
        stream?.waiting.contains { $0.priority == .reader } ?? false ? noteReader() : []
    }

    /// Notes that a reader waits for the stream; returns the transfer to raise if none has waited before.
    mutating func noteReader() -> [TransferSlot] {
        guard let now = stream, !now.isAwaited else { return [] }
        stream?.isAwaited = true
        return [now.transfer]
    }

    /// Keeps a read until its bytes have arrived; false if there is no stream.
    mutating func keep(_ read: PendingRead) -> Bool {
        stream?.waiting.append(read)
        return stream != nil
    }

    /// Begins a stream for `reads`; false if one is in progress, which then serves them.
    mutating func begin(_ spool: Spool, from transfer: TransferSlot, for reads: [PendingRead]) -> Bool {
        guard stream == nil else {
            stream?.waiting += reads
            return false
        }
        stream = Stream(spool: spool, transfer: transfer, isAwaited: false, waiting: reads)
        return true
    }

    /// Notes the progress of a stream.
    mutating func grow(_ spool: Spool, to written: Int64, isRecognised: Bool) {
        guard stream?.spool === spool else { return }
        stream?.written = written
        if isRecognised { stream?.isRecognised = true }
    }

    /// The size of a stream in progress in bytes; nil if it isn't the current one.
    func byteCount(of spool: Spool) -> Int64? { stream?.spool === spool ? stream?.written : nil }

    /// Whether a stream is the current one; one that was dropped tells nothing about the content.
    func isCurrent(_ spool: Spool) -> Bool { stream?.spool === spool }

    /// Notes that all of a stream has arrived, with the right size; false if it isn't the current one.
    @discardableResult
    mutating func complete(_ spool: Spool) -> Bool {
        guard isCurrent(spool) else { return false }
        stream?.isComplete = true
        return true
    }

    /// Notes that a stream was authenticated.
    mutating func pass(_ spool: Spool) { if stream?.spool === spool { stream?.authentication = .passed } }

    /// Ends a failed stream; returns the waiting reads and the transfers to cancel.
    mutating func end(_ spool: Spool) -> (reads: [PendingRead], transfers: [TransferSlot]) {
        stream?.spool === spool ? detach() : ([], [])
    }

    mutating func detach() -> (reads: [PendingRead], transfers: [TransferSlot]) {
        guard let old = stream.take() else { return ([], []) }
        return (old.waiting, [old.transfer])
    }

    /// Takes the next step for the open content.
    mutating func advance(for content: MediaContent) -> Step {
        guard let now = stream else { return .nothing }
        if content.authentication != nil, now.authentication != .passed {
            guard now.isComplete, now.authentication == .outstanding else { return .nothing }
            stream?.authentication = .underWay
            return .authenticate(now.spool, size: now.written)
        }
        guard now.isComplete || now.isRecognised || content.authentication != nil else { return .nothing }
        var ready: [PendingRead] = []
        stream?.waiting.removeAll { read in
            let needed = content.ciphertextRange(forPlaintext: read.range)
            guard needed.upperBound <= now.written else { return false }
            ready.append(read)
            return true
        }
        return ready.isEmpty ? .nothing : .serve(ready, now.spool)
    }
}
