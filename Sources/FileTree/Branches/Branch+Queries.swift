import Catalog
import Media
import Support
import Sync
import TwilioAPI

/// Queries of a branch's catalog, with the tree's errors.
extension Branch {
    /// Runs queries.
    func query<Value>(_ body: (Catalog) throws(CatalogError) -> Value) throws(FileTreeError) -> Value {
        do throws(CatalogError) {
            return try body(catalog)
        } catch {
            throw .catalog(error)
        }
    }

    /// Looks for something; its absence counts only if the catalog has the lists that it would come from.
    ///
    /// A catalog that was lost is being filled again: what it doesn't have yet isn't gone.
    func look<Value>(
        for kinds: some Sequence<MediaKind>, withCalls: Bool = false,
        _ query: (Catalog) throws(CatalogError) -> Value?
    ) throws(FileTreeError) -> Finding<Value> {
        if let found = try self.query(query) { return .found(found) }
        // The lists may have become complete since, or the database may be another: so all of it once more.
        let epoch = catalog.epoch
        let isListed = isListed(kinds) && (!withCalls || areCallsListed)
        if let found = try self.query(query) { return .found(found) }
        return isListed && catalog.epoch == epoch ? .absent : .unknown
    }

    /// The entry of a completed recording.
    func entry(of sid: SID) throws(FileTreeError) -> CatalogEntry {
        let entry = try look(for: sid) { catalog throws(CatalogError) in try catalog.entry(of: sid) }
        // A deleted resource may remain, with another status.
        guard entry.isCompleted else { throw .unfinished(sid) }
        return entry
    }

    /// The error for a recording that isn't shown, or whose media is missing, although the catalog may have it.
    func absence(of sid: SID, cause: (any Error)? = nil) -> FileTreeError {
        let isThere = (try? catalog.entry(of: sid)) != nil
        return isThere ? .unfinished(sid, cause: cause) : .gone(sid, cause: cause)
    }

    /// The resource of a recording, as received from Twilio.
    func resource(of sid: SID) throws(FileTreeError) -> MediaResource {
        try look(for: sid) { catalog throws(CatalogError) in try catalog.resource(of: sid) }
    }

    /// Looks for something of a recording that the kernel knows, or throws the error of its absence.
    private func look<Value>(
        for sid: SID, _ query: (Catalog) throws(CatalogError) -> Value?
    ) throws(FileTreeError) -> Value {
        switch try look(for: sid.kind.map { [$0] } ?? [], query) {
        case .found(let value): return value
        case .absent: throw .gone(sid)
        case .unknown: throw .unlisted("\(sid)")
        }
    }

    /// Runs queries for a recording that the kernel knows; where the catalog doesn't have it and isn't complete, asks
    /// Twilio for it and runs them again.
    ///
    /// - Parameters:
    ///   - searches: How often Twilio is asked: what the first answer has brought may be in a catalog that is replaced
    ///     at this moment.
    ///   - completion: Called at once if the catalog has the recording.
    func whenFound<Value>(
        _ sid: SID, searches: Int = 3, _ query: @escaping @Sendable (Branch) throws(FileTreeError) -> Value,
        completion: @escaping TreeCompletion<Value>
    ) {
        let result = Result { () throws(FileTreeError) in try query(self) }
        guard searches > 0, case .failure(let error) = result, error.code == .inputOutput, let kind = sid.kind else {
            return completion(result)
        }
        finder.find(sid, of: kind) { [self] outcome in
            switch outcome {
            case .failure(let error): completion(.failure(.lookup(error)))
            case .success(nil): completion(.failure(absence(of: sid)))
            case .success: whenFound(sid, searches: searches - 1, query, completion: completion)
            }
        }
    }

    /// The stored facts of a recording's media; nil without any.
    func knownFacts(of sid: SID) throws(FileTreeError) -> MediaFacts? {
        let stored = try query { catalog throws(CatalogError) in try catalog.media.facts(of: sid) }
        return stored.flatMap { MediaFacts(stored: $0.facts) }
    }

    /// The stored integrity of a recording's media; nil if the catalog doesn't have the recording.
    func storedIntegrity(of sid: SID) throws(FileTreeError) -> StoredIntegrity? {
        try query { catalog throws(CatalogError) in try catalog.media.integrity(of: sid) }
    }

    /// The oldest recording of a telephone number's first call; nil without any.
    func oldest(of number: NumberGroup) throws(FileTreeError) -> CatalogEntry? {
        try query { catalog throws(CatalogError) in try catalog.groups.oldest(of: number) }
    }

    /// The oldest recording of a call, a conference or a room; nil without any.
    func oldest(of group: SID) throws(FileTreeError) -> CatalogEntry? {
        try query { catalog throws(CatalogError) in
            try catalog.groups.oldest(of: group, kinds: Grouping(of: group).kinds)
        }
    }

    /// Looks for the oldest recording of a telephone number's first call.
    func look(forOldestOf number: NumberGroup) throws(FileTreeError) -> Finding<CatalogEntry> {
        try look(for: Grouping.call.kinds, withCalls: true) { catalog throws(CatalogError) in
            try catalog.groups.oldest(of: number)
        }
    }

    /// Looks for the oldest recording of a call, a conference or a room.
    func look(forOldestOf group: SID) throws(FileTreeError) -> Finding<CatalogEntry> {
        let kinds = Grouping(of: group).kinds
        return try look(for: kinds) { catalog throws(CatalogError) in
            try catalog.groups.oldest(of: group, kinds: kinds)
        }
    }

    /// The time of the newest recording of a call, a conference or a room; nil without any.
    func newest(of group: SID) throws(FileTreeError) -> Timestamp? {
        try query { catalog throws(CatalogError) in
            try catalog.groups.newest(of: group, kinds: Grouping(of: group).kinds)
        }
    }
}

/// What became of a look for something in a catalog.
enum Finding<Value> {
    case found(Value)
    /// It doesn't exist.
    case absent
    /// The catalog doesn't have it, but isn't complete.
    case unknown
}

/// Times of a branch's directories.
extension Branch {
    /// Whether the lists of some kinds are complete.
    func isListed(_ kinds: some Sequence<MediaKind>) -> Bool { kinds.allSatisfy(synchronizer.isComplete) }

    /// Whether the lists of voice recordings and of their calls are complete.
    var areCallsListed: Bool { isListed(Grouping.call.kinds) && synchronizer.areCallsComplete }

    /// Whether a directory's time changes seldom: incomplete lists can change it at any moment.
    func isSettled(_ directory: Directory) -> Bool {
        switch directory {
        case .date, .accounts, .control: true
        case .root, .media, .metadata, .metadataOf, .byDate, .byGroup, .group: isListed(directory.kinds)
        case .byNumber, .number: areCallsListed
        }
    }

    /// The time of a directory: that of its newest recording, which is the same after a remount.
    ///
    /// A day, a month and a year have the time of their beginning. Calls and rooms have the time of their oldest
    /// recording: later recordings don't change this time, and the query that finds the call returns it.
    ///
    /// - Parameter oldest: The oldest recording of a call, a room or a telephone number, if at hand.
    func modified(_ directory: Directory, oldest: CatalogEntry?) throws(FileTreeError) -> Timestamp {
        switch directory {
        case .date(let span): span.interval.lowerBound
        case .group(let group):
            try (oldest == nil ? self.oldest(of: group) : oldest)?.dateCreated ?? Attributes.unknownTime
        case .number(let number):
            try (oldest == nil ? self.oldest(of: number) : oldest)?.dateCreated ?? Attributes.unknownTime
        // The time of the mount would change with each mount.
        case .accounts, .control: Attributes.unknownTime
        case .root, .media, .metadata, .metadataOf, .byDate, .byGroup, .byNumber: try newest(of: directory.kinds)
        }
    }

    /// The time of the newest visible recording of some kinds.
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
