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

    /// Reads the resource's place from an answer with a redirect or an error; nil where redirects are followed.
    ///
    /// A source that has it is asked instead: none of its redirects is followed, and it isn't asked for a fresh address
    /// after a refusal.
    var relocation: Relocation? { get }
}

extension AddressSource {
    /// Nil: redirects are followed.
    public var relocation: Relocation? { nil }
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
