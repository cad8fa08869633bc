/// Is told what becomes of a stream.
///
/// Called on the transfer thread.
protocol StreamDelegate: Sendable {
    /// More of the stream has been written.
    ///
    /// - Parameters:
    ///   - written: bytes since its beginning.
    ///   - isRecognised: whether the size that was announced is the media's, and so is the signature of what isn't
    ///     sealed.
    func streamDidGrow(_ spool: Spool, to written: Int64, isRecognised: Bool)

    /// The stream has ended, or isn't kept.
    ///
    /// - Parameter finding: what it has shown about the media; nil for nothing.
    func streamDidEnd(_ spool: Spool, _ result: Result<Void, MediaError>, _ finding: MediaFinding?)
}

/// Keeps ciphertext that a server sends whole, although a part of it was asked for.
protocol StreamKeeper: StreamDelegate {
    /// Makes a receiver for a stream that has begun to come while the media is described.
    ///
    /// An older stream belongs to what was known of the media before, and is dropped.
    ///
    /// - Parameter transfer: brings the stream; it is kept, all other transfers of the file are cancelled.
    /// - Returns: nil when another stream has begun to come meanwhile; a second one would write over it.
    func keepDescribedStream(from transfer: TransferSlot) throws(MediaError) -> StreamFetch?
}

/// What a fetch has shown about the media as a whole, when it ends.
enum MediaFinding {
    /// Answers contradict what is known of the media, or none fits it: it is learnt anew, and compared.
    case contradicted

    /// The media is no longer the one that is known.
    case changed
}
