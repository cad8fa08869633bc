import Transfer

/// A read of a file; it may wait for memory, for ciphertext or for the verdict on the content.
struct PendingRead: Sendable {
    /// The most bytes of one read.
    static let largest: Int64 = 1 << 20

    /// The use of the bytes.
    enum Purpose: Sendable {
        /// They are decrypted and delivered.
        case delivery(any ReadReceiver)

        /// They only have to be fetched and authenticated.
        case arrival(@Sendable (Result<Void, MediaError>) -> Void)
    }

    /// The plaintext range; within the content and not empty.
    let range: Range<Int64>

    /// The content that the reader opened.
    let content: MediaContent
    let place: ReadingPlace
    let purpose: Purpose

    /// The priority of its fetches.
    var priority = Priority.reader

    func fail(_ error: MediaError) {
        switch purpose {
        case .delivery(let receiver): receiver.readDidFail(error)
        case .arrival(let completion): completion(.failure(error))
        }
    }

    /// Whether a reader waits for the bytes.
    var isForDelivery: Bool { if case .delivery = purpose { true } else { false } }
}
