public import Transfer

/// The addresses for downloading the media of one recording, wherever it is.
public protocol MediaAddresses: AddressSource {
    /// The API's own address of the media; nil while another address serves it.
    var ownAddress: Address? { get }

    /// Stores the address that served the media after redirects.
    func remember(served address: Address)

    /// Drops an address that served something other than the media.
    func forget(served address: Address)

    /// What a failed transfer means for media outside of Twilio; nil for media at Twilio, and for failures that don't
    /// depend on the place.
    func externalError(_ error: TransferError) -> ExternalMediaError?
}

extension MediaAddresses {
    /// Nil: Twilio has the media.
    public func externalError(_ error: TransferError) -> ExternalMediaError? { nil }
}
