/// A stream of all of a file's ciphertext, and the reads that wait for it: a state machine without I/O.
///
/// A server that ignores ranges sends everything; that comes as one stream and is kept in a temporary file. Valid
/// transitions:
///
/// - none → coming: a stream has begun (``begin(_:from:for:)``). A second one that begins meanwhile isn't taken.
/// - coming → complete: all of it has come (``complete(_:)``).
/// - complete → being authenticated → authenticated: where the content has a tag, nothing is released before
///   (``advance(for:)``, ``pass(_:)``).
/// - any → none: it has failed (``end(_:)``), or the content is given up (``detach()``).
struct StreamState: CiphertextSource {
    /// What is to be done with a stream.
    enum Step {
        case nothing

        /// It is complete, and to be authenticated.
        case authenticate(Spool, size: Int64)

        /// It has the bytes of these reads.
        case serve([PendingRead], Spool)
    }

    private enum Authentication {
        case outstanding
        case underWay
        case passed
    }

    private struct Stream {
        let spool: Spool

        /// The transfer that brings it.
        let transfer: TransferSlot
        var written: Int64 = 0
        var isComplete = false

        /// Whether bytes are released while more come, since the announced size and the first bytes can be the media's.
        ///
        /// Otherwise nothing is released before the end, which tells whether the size is right.
        var isRecognised = false
        var authentication = Authentication.outstanding

        /// Reads whose bytes haven't come.
        var waiting: [PendingRead]
    }

    private var stream: Stream?

    /// Bytes in the temporary file.
    var byteCount: Int64 { stream?.written ?? 0 }

    mutating func take(_ read: PendingRead, _ demand: ReadDemand) -> SourceAnswer {
        SourceAnswer(outcome: keep(read) ? .streamed : .noStream)
    }

    /// Keeps a read until its bytes have come.
    ///
    /// - Returns: whether there is a stream; if not, the read isn't kept.
    mutating func keep(_ read: PendingRead) -> Bool {
        stream?.waiting.append(read)
        return stream != nil
    }

    /// A stream has begun; `reads` wait for it, or for the one that comes already.
    ///
    /// - Returns: whether it is taken.
    mutating func begin(_ spool: Spool, from transfer: TransferSlot, for reads: [PendingRead]) -> Bool {
        guard stream == nil else {
            stream?.waiting += reads
            return false
        }
        stream = Stream(spool: spool, transfer: transfer, waiting: reads)
        return true
    }

    /// More of a stream has been written.
    mutating func grow(_ spool: Spool, to written: Int64, isRecognised: Bool) {
        guard stream?.spool === spool else { return }
        stream?.written = written
        if isRecognised { stream?.isRecognised = true }
    }

    /// Bytes of a stream that were written; nil when another one comes, or none.
    func byteCount(of spool: Spool) -> Int64? {
        stream?.spool === spool ? stream?.written : nil
    }

    /// All of a stream has come, and has the size that it should.
    mutating func complete(_ spool: Spool) {
        if stream?.spool === spool { stream?.isComplete = true }
    }

    /// All of a stream has been authenticated, and the tag agrees.
    mutating func pass(_ spool: Spool) {
        if stream?.spool === spool { stream?.authentication = .passed }
    }

    /// A stream has failed.
    ///
    /// - Returns: the reads that waited, and the transfers to cancel; nothing when another stream comes, or none.
    mutating func end(_ spool: Spool) -> (reads: [PendingRead], transfers: [TransferSlot]) {
        stream?.spool === spool ? detach() : ([], [])
    }

    mutating func detach() -> (reads: [PendingRead], transfers: [TransferSlot]) {
        guard let old = stream.take() else { return ([], []) }
        return (old.waiting, [old.transfer])
    }

    /// Takes out the next step, for the content that is open.
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
