import Envelope
import Support
import Synchronization
public import TwilioAPI

/// Opening files without opening their media.
extension MediaLibrary {
    /// Opens a recording's media for reading when its first byte is asked for.
    ///
    /// - Parameters:
    ///   - size: of the plaintext, in bytes.
    ///   - hasTag: whether the media is authenticated, so that pages from before this process must not be kept.
    ///   - opener: opens it, with ``open(_:facts:integrity:completion:)``; called at the first read, on its thread.
    public func deferOpening(
        of sid: SID, size: Int64, hasTag: Bool, opener: @escaping MediaReader.Opener
    ) -> MediaReader {
        let wasVerified = hasTag && state.withLock { $0.verified.contains(sid) }
        services.deferredFiles.wrappingAdd(1, ordering: .relaxed)
        // Counted among those that are open once its media is.
        let isCounted = Locked(true)
        let takeBack: @Sendable () -> Void = { [services] in
            let wasCounted = isCounted.withLock { isCounted in
                defer { isCounted = false }
                return isCounted
            }
            if wasCounted { services.deferredFiles.wrappingSubtract(1, ordering: .relaxed) }
        }
        return MediaReader(
            sid, size: size, mayKeepPages: !hasTag || wasVerified,
            opener: { completion in
                opener { result in
                    if case .success = result { takeBack() }
                    completion(result)
                }
            }, onClose: takeBack)
    }

    /// Whether the private key of a public key is held; nil when that isn't known yet.
    public func isKeyHeld(publicKeySID: SID, kind: MediaKind) -> Bool? {
        services.isKeyHeld(publicKeySID.description, kind: kind)
    }
}
