/// The state of a transfer.
enum TransferState {
    case idle
    case awaitingAddress
    /// The exchange with this address needs a credential, the first one or one newer than the refused one.
    case awaitingCredential(Address, redirects: Int, refusal: TransferError?)
    case exchanging(TransferAttempt)
    case backingOff(until: SuspendingClock.Instant)
    /// The host of the address is unreachable, but its outage may end soon.
    case awaitingHost(Address, redirects: Int, Outage)
    case ended
}
