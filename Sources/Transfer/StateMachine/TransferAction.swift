/// An action for the owner of a transfer's state machine.
enum TransferAction {
    /// Ask the source for an address and report `addressArrived`.
    case askForAddress(replacing: Address?)
    /// Ask the address's provider for a credential and report `credentialArrived`.
    case askForCredential(Address, refused: Authorization?)
    /// Queue this exchange; report `exchangeStarted` when it leaves the queue.
    case perform(ExchangeRequest)
    /// Stop the exchange, queued or running.
    case abandon
    /// Tell the receiver that bytes follow, from this offset on.
    case begin(ResponseHead, offset: Int64)
    /// Log and count the retry that begins after a wait; the state machine keeps the deadline.
    case wait(Duration, after: TransferError)
    /// Tell the receiver the result.
    case end(Result<Void, TransferError>)
}

/// The handling of received bytes.
struct BodyDecision {
    /// The bytes to deliver, before the actions.
    var deliver = 0..<0
    /// The number of bytes, from the start, to keep as the body of a response that is, or may be, refused.
    var keep = 0
    /// Whether the rest isn't needed: the owner stops the exchange and reports `exchangeEnded`.
    var isEnough = false
    /// The actions that follow.
    var actions: [TransferAction] = []
}
