/// What the owner of a transfer's state machine has to do.
enum TransferAction {
    /// Ask the source for an address and report `addressArrived`.
    case askForAddress(replacing: Address?)
    /// Queue this exchange; report `exchangeStarted` when it leaves the queue.
    case perform(ExchangeRequest)
    /// Stop the exchange, queued or running.
    case abandon
    /// Tell the receiver that bytes come, the next one at this offset.
    case begin(ResponseHead, offset: Int64)
    /// Nothing but a line in the log: the transfer waits and tries again.
    case wait(Duration, after: TransferError)
    /// Tell the receiver the result.
    case end(Result<Void, TransferError>)
}

/// What becomes of bytes that just came.
struct BodyDecision {
    /// Those of them to hand on, before anything else is done.
    var deliver = 0..<0
    /// How many of them, from their start, to keep as the body of an answer that refuses, or may be refused.
    var keep = 0
    /// Whether the rest of the answer isn't needed: its owner stops the exchange and reports `exchangeEnded`.
    var isEnough = false
    /// What is to be done then.
    var actions: [TransferAction] = []
}
