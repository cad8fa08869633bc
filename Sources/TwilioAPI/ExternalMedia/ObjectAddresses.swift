import Support
import Transfer

/// The addresses for downloading media from a bucket outside of Twilio.
///
/// The address stays the same until an answer says that the bucket is in another region.
final class ObjectAddresses: MediaAddresses, RelocatingSource {
    private let object: BucketObject
    private let media: ExternalMedia

    init(of object: BucketObject, in media: ExternalMedia) {
        self.object = object
        self.media = media
    }

    /// Nil: the API doesn't have the media.
    var ownAddress: Address? { nil }

    func address(
        replacing refused: Address?, priority: Priority,
        completion: @escaping @Sendable (Result<Address, any Error>) -> Void
    ) {
        completion(Result { try media.address(of: object) })
    }

    /// Reads the bucket's region from an answer.
    var relocation: Relocation { { [object, media] in media.address(of: object, after: $0) } }

    /// Does nothing: the bucket's region is remembered for all of its objects.
    func remember(served address: Address) {}

    /// Does nothing.
    func forget(served address: Address) {}

    func externalError(_ error: TransferError) -> ExternalMediaError? {
        if let response = error.response { return S3Answer(response).error(of: object) }
        guard error.code == .credentialUnavailable || error.code == .addressUnavailable else { return nil }
        let reason = (error.cause as? any CausedError)?.message ?? "\(error)"
        // A source of credentials that fails says nothing of what they allow. That there are none comes without a
        // request, as a failure to make an address.
        return ExternalMediaError(
            error.code == .credentialUnavailable ? .unavailable : .denied,
            "can't be read from \(object.place): \(reason)", details: reason, cause: error)
    }
}
