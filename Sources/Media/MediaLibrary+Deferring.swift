import Envelope
import Support
import Synchronization
public import TwilioAPI

/// Deferred opening.
extension MediaLibrary {
    /// Returns a reader that opens the media at its first read.
    ///
    /// - Parameters:
    ///   - size: the plaintext size in bytes.
    ///   - hasTag: whether the media is authenticated: then pages from before this process must not be kept.
    ///   - opener: opens the media with ``open(_:facts:integrity:completion:)``; called on the first read's thread.
    public func deferOpening(
        of sid: SID, size: Int64, hasTag: Bool, opener: @escaping MediaReader.Opener
    ) -> MediaReader {
        let wasVerified = hasTag && state.withLock { $0.verified.contains(sid) }
        services.deferredFiles.wrappingAdd(1, ordering: .relaxed)
        // Once the media is open, it counts as an open file instead.
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

    /// Whether the private key of a public key is held; nil if unknown.
    public func isKeyHeld(publicKeySID: SID, kind: MediaKind) -> Bool? {
        services.isKeyHeld(publicKeySID.description, kind: kind)
    }
}
