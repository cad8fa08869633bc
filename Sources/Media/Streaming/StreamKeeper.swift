/// Keeps ciphertext that a server sends whole, although a part of it was asked for.
protocol StreamKeeper: AnyObject, Sendable {
    /// Makes a receiver for a stream that has begun to come while the media is described.
    ///
    /// An older stream belongs to what was known of the media before, and is dropped.
    ///
    /// - Parameter transfer: brings the stream; it is kept, all other transfers of the file are cancelled.
    /// - Returns: nil when another stream has begun to come meanwhile; a second one would write over it.
    func keepDescribedStream(from transfer: TransferSlot) throws(MediaError) -> SpoolFetch?

    /// A stream has ended, or tells nothing and isn't kept.
    func streamDidEnd(_ spool: Spool, _ result: Result<Void, MediaError>)
}
