/// A source of addresses that reads the resource's place from answers, where servers redirect or refuse.
///
/// None of its redirects is followed, and it isn't asked for a fresh address after a refusal.
public protocol RelocatingSource: AddressSource {
    /// Reads the resource's address from an answer.
    var relocation: Relocation { get }
}

/// Reads the address at which a resource is from an answer with a redirect or an error; nil when it tells none.
///
/// Called on the transfer thread with the start of the body, at most 64 KiB; must be quick.
public typealias Relocation = @Sendable (Response) -> Address?
