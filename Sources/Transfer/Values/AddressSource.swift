/// Knows where a resource can be downloaded from, and finds a new place when the old one has expired.
public protocol AddressSource: Sendable {
    /// Hands over an address for a download.
    ///
    /// Called on the transfer thread: it must be quick and may answer later, from any thread, exactly once.
    ///
    /// - Parameters:
    ///   - refused: The address that was just refused as expired (403; 400 with an S3 code `Expired…`; 401 where no
    ///     credential was sent), so that a fresh one is wanted; `nil` the first time.
    ///   - priority: How urgent the download is.
    ///   - completion: Takes the address, or the reason why there is none, which ends the download with
    ///     `addressUnavailable`.
    func address(
        replacing refused: Address?, priority: Priority,
        completion: @escaping @Sendable (Result<Address, any Error>) -> Void)
}

extension Address: AddressSource {
    /// Hands over itself, however often it is asked: the source for an address that doesn't expire.
    public func address(
        replacing refused: Address?, priority: Priority,
        completion: @escaping @Sendable (Result<Address, any Error>) -> Void
    ) {
        completion(.success(self))
    }
}
