import Sync
import Catalog
import Media
import Support
import TwilioAPI

/// Queries of a branch's catalog, with the tree's errors.
extension Branch {
    /// Runs queries.
    func query<Value>(
        _ body: (Catalog) throws(CatalogError) -> Value
    ) throws(FileTreeError) -> Value {
        do throws(CatalogError) {
            return try body(catalog)
        } catch {
            throw .catalog(error)
        }
    }

    /// The entry of a completed recording.
    func entry(of sid: SID) throws(FileTreeError) -> CatalogEntry {
        let entry = try query { catalog throws(CatalogError) in try catalog.entry(of: sid) }
        // A deleted resource may stay, with another status.
        guard let entry, entry.isCompleted else { throw .gone(sid) }
        return entry
    }

    /// The resource of a recording, as Twilio gave it.
    func resource(of sid: SID) throws(FileTreeError) -> MediaResource {
        let resource = try query { catalog throws(CatalogError) in try catalog.resource(of: sid) }
        guard let resource else { throw .gone(sid) }
        return resource
    }

    /// The facts that are kept of a recording's media; nil when there are none.
    func knownFacts(of sid: SID) throws(FileTreeError) -> MediaFacts? {
        let stored = try query { catalog throws(CatalogError) in try catalog.media.facts(of: sid) }
        return stored.flatMap { MediaFacts(stored: $0.facts) }
    }

    /// The integrity that is kept of a recording's media; nil when the catalog doesn't have the recording.
    func storedIntegrity(of sid: SID) throws(FileTreeError) -> StoredIntegrity? {
        try query { catalog throws(CatalogError) in try catalog.media.integrity(of: sid) }
    }

    /// The recording of a call or a room that was made first; nil when there is none.
    func oldest(ofGroup group: SID) throws(FileTreeError) -> CatalogEntry? {
        try query { catalog throws(CatalogError) in
            try catalog.oldest(ofGroup: group, kinds: Grouping(of: group).kinds)
        }
    }
}

/// Times of a branch's directories.
extension Branch {
    /// Whether the lists of some kinds are complete.
    func isListed(_ kinds: some Sequence<MediaKind>) -> Bool { kinds.allSatisfy(synchronizer.isComplete) }

    /// Whether a directory's time is final: it depends on lists, which change it at any moment until they are complete.
    func isSettled(_ directory: Directory) -> Bool {
        switch directory {
        case .date, .accounts, .control: true
        case .root, .media, .metadata, .metadataOf, .byDate, .byGroup, .group: isListed(directory.kinds)
        }
    }

    /// The time of a directory, which is the same after a remount: when the newest of its recordings was made.
    ///
    /// A day, a month and a year have their beginning. Calls and rooms have the time of their oldest recording: later
    /// ones don't change it, and the catalog finds it with the call.
    func modified(_ directory: Directory) throws(FileTreeError) -> Timestamp {
        switch directory {
        case .date(let span): span.interval.lowerBound
        case .group(let group): try oldest(ofGroup: group)?.dateCreated ?? Attributes.unknownTime
        // Their own would be that of the mount, and another each time.
        case .accounts, .control: Attributes.unknownTime
        case .root, .media, .metadata, .metadataOf, .byDate, .byGroup: try newest(of: directory.kinds)
        }
    }

    /// When the newest recording of some kinds was made, as far as they are shown.
    private func newest(of wanted: [MediaKind]) throws(FileTreeError) -> Timestamp {
        try query { catalog throws(CatalogError) in
            var newest: Timestamp?
            for kind in wanted where kinds.contains(kind) {
                guard let time = try catalog.newest(of: kind) else { continue }
                newest = max(newest ?? time, time)
            }
            return newest ?? Attributes.unknownTime
        }
    }
}
