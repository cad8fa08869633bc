/// Reads the address at which a resource is from an answer with a redirect or an error; nil when it tells none.
///
/// Called on the transfer thread with the start of the body, at most 64 KiB; must be quick.
public typealias Relocation = @Sendable (Response) -> Address?
