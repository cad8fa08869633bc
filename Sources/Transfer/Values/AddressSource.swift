/// Provides the address of a resource, and a fresh one after expiry.
public protocol AddressSource: Sendable {
    /// Provides an address for a download.
    ///
    /// Called on the transfer thread: must be quick; calls `completion` exactly once, now or later, from any thread.
    ///
    /// - Parameters:
    ///   - refused: The address refused as expired (403; 400 with an S3 code `Expired…`; 401 without a credential), to
    ///     be replaced; nil the first time.
    ///   - priority: The urgency of the download.
    ///   - completion: Receives the address, or the error that ends the download with `addressUnavailable`.
    func address(
        replacing refused: Address?, priority: Priority,
        completion: @escaping @Sendable (Result<Address, any Error>) -> Void)

    /// Provides an address for a download with a patience of its own.
    ///
    /// - Parameter outage: The age up to which a request for the address waits for the end of a host's outage.
    func address(
        replacing refused: Address?, priority: Priority, outage: Duration,
        completion: @escaping @Sendable (Result<Address, any Error>) -> Void)
}

extension AddressSource {
    /// Provides the address without regard to outages: for sources that request nothing.
    public func address(
        replacing refused: Address?, priority: Priority, outage: Duration,
        completion: @escaping @Sendable (Result<Address, any Error>) -> Void
    ) {
        address(replacing: refused, priority: priority, completion: completion)
    }
}

extension Address: AddressSource {
    /// Provides itself: the source for an address that doesn't expire.
    public func address(
        replacing refused: Address?, priority: Priority,
        completion: @escaping @Sendable (Result<Address, any Error>) -> Void
    ) {
        completion(.success(self))
    }
}
