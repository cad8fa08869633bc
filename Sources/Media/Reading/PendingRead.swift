import Transfer

/// A read of one file that waits for something: memory, ciphertext, or the verdict on the content.
struct PendingRead: Sendable {
    /// Bytes that one read may ask for.
    static let largest: Int64 = 1 << 20

    /// What becomes of the bytes.
    enum Purpose: Sendable {
        /// They are decrypted and handed over.
        case delivery(any ReadReceiver)

        /// They only have to have come, and to have been authenticated.
        case arrival(@Sendable (Result<Void, MediaError>) -> Void)
    }

    /// Offsets of the plaintext; within it and not empty.
    let range: Range<Int64>

    /// Which bytes: those of the content that the reader opened.
    let content: MediaContent
    let place: ReadingPlace
    let purpose: Purpose

    /// How urgent it is to fetch what it needs.
    var priority = Priority.reader

    /// Ends the read with an error.
    func fail(_ error: MediaError) {
        switch purpose {
        case .delivery(let receiver): receiver.readDidFail(error)
        case .arrival(let completion): completion(.failure(error))
        }
    }

    /// Whether a reader waits for the bytes.
    var isForDelivery: Bool {
        if case .delivery = purpose { true } else { false }
    }
}
