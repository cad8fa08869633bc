/// Receives the progress of a stream, on the transfer thread.
protocol StreamDelegate: Sendable {
    /// The server answers a description with all of the media; the file's other transfers are cancelled.
    ///
    /// An earlier stream may belong to former media, so it is dropped.
    ///
    /// - Returns: the receiver; nil if another stream has begun meanwhile.
    func descriptionDidBecomeStream(_ transfer: TransferSlot) throws(MediaError) -> StreamFetch?

    /// The stream has grown to `written` bytes; `isRecognised` if size and signature can be the media's.
    func streamDidGrow(_ spool: Spool, to written: Int64, isRecognised: Bool)

    /// The stream has ended or was refused, with a finding about the media if it has one.
    func streamDidEnd(_ spool: Spool, _ result: Result<Void, MediaError>, _ finding: MediaFinding?)
}

/// A fetch's finding about the media as a whole.
enum MediaFinding {
    /// Answers contradict the facts, so new facts are learned and compared with them.
    case contradicted

    /// The media has changed.
    case changed
}
