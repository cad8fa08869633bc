public import Transfer

/// The credentials for a customer's own bucket, which sign each request.
public protocol BucketCredentials: AnyObject, Sendable {
    /// The reason why there are none, with the remedy, as the end of a sentence; nil when there are some.
    var absence: String? { get }
    /// The region that is set for servers whose address doesn't name one.
    var region: String? { get }

    /// The provider of signatures for a region; the same object each time.
    func provider(region: String) -> any CredentialProvider
}
