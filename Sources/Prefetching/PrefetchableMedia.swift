package import Media
package import Transfer
package import TwilioAPI

/// The operations on media that prefetching needs; ``MediaLibrary`` implements them.
package protocol PrefetchableMedia: Sendable {
    func describe(
        _ resource: MediaResource, priority: Priority,
        completion: @escaping @Sendable (Result<MediaFacts, MediaError>) -> Void)
    func provisionalSize(of sid: SID) -> Int64?

    /// Prefetches a file; returns false if there is no room for it or for other files.
    func prefetch(_ resource: MediaResource, facts: MediaFacts?, integrity: Integrity?) -> Bool
    func abandonPrefetch(of sids: [SID])
}

extension MediaLibrary: PrefetchableMedia {}
