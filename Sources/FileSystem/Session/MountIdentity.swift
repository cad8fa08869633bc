/// Tells one mount from all others, also from those that were or will be in its place.
public struct MountIdentity: Hashable, Sendable {
    /// The directory on which it was put: an absolute path without links.
    public let path: String
    /// The number of its device, `MAJOR:MINOR` (``MountTable``).
    public let device: String

    /// Names a mount.
    public init(path: String, device: String) {
        self.path = path
        self.device = device
    }
}
