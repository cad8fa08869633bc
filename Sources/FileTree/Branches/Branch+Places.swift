import Catalog
import Support
import Sync
import TwilioAPI

/// The places of a branch's recordings in its directories.
extension Branch {
    /// The call of a recording; nil without one, and while it isn't known.
    func call(of entry: CatalogEntry) throws(CatalogError) -> CallDescription? {
        guard entry.kind.group == .call, let group = entry.group else { return nil }
        return try call(group)
    }

    /// A call; nil while it isn't known.
    ///
    /// The catalog may have calls from another mount, although this one does without: all of its parts do.
    func call(_ sid: SID) throws(CatalogError) -> CallDescription? {
        synchronizer.hasCalls ? try catalog.call(sid) : nil
    }

    /// The place of a recording in a directory that may contain it; nil if the directory doesn't.
    ///
    /// - Parameter call: The call of the recording, if known.
    func place(
        of entry: CatalogEntry, in directory: Directory, call: CallDescription?
    ) throws(CatalogError) -> Place? {
        let (sid, kind) = (entry.sid, entry.kind)
        switch directory {
        case .media: return .media(sid, kind)
        case .metadataOf: return .metadata(sid, kind)
        case .date(let span):
            return entry.dateCreated.map(span.interval.contains) ?? false ? .link(sid, kind, .date) : nil
        case .group(let group) where Grouping(of: group) == .conference:
            return try catalog.groups.conference(of: entry) == group ? .link(sid, kind, .conference) : nil
        case .group(let group): return entry.group == group ? .link(sid, kind, .group) : nil
        case .number(let number):
            guard let call else { return nil }
            if NumberGroup(call.from) == number { return .link(sid, kind, .caller) }
            return NumberGroup(call.to) == number ? .link(sid, kind, .callee) : nil
        case .root, .metadata, .byDate, .byGroup, .byNumber, .accounts, .control: return nil
        }
    }

    /// The directory that contains a place; nil for a link without it.
    ///
    /// - Parameter entry: The entry of its recording.
    func parent(of place: Place, _ entry: CatalogEntry?) throws(CatalogError) -> Directory? {
        switch place {
        case .directory(let directory): return directory.parent
        case .media(_, let kind): return .media(kind)
        case .metadata(_, let kind): return .metadataOf(kind)
        case .control: return .control
        case .link(_, _, .date): return (entry?.dateCreated).map { .date(DateSpan(dayOf: $0)) }
        case .link(_, _, .group): return (entry?.group).map { .group($0) }
        case .link(_, _, .conference):
            guard let entry else { return nil }
            return try catalog.groups.conference(of: entry).map { .group($0) }
        case .link(_, _, .caller):
            guard let entry, let call = try call(of: entry) else { return nil }
            return .number(NumberGroup(call.from))
        case .link(_, _, .callee):
            guard let entry, let call = try call(of: entry) else { return nil }
            // One link suffices where both parties are in the same directory.
            let number = NumberGroup(call.to)
            return number == NumberGroup(call.from) ? nil : .number(number)
        }
    }
}

/// Waiting for the calls of recordings, where a directory needs them.
extension Branch {
    /// Calls a completion once the calls are known that the names in a directory tell, as far as Twilio tells them.
    ///
    /// The recordings of the directory have to be listed. A key that doesn't reach the calls is no failure: names then
    /// don't tell who speaks.
    func whenNamed(
        _ directory: Directory, completion: @escaping ListCompletion
    ) throws(FileTreeError) {
        let tolerant = Self.tolerating(completion)
        switch directory {
        case .date(let span): synchronizer.whenCallsListed(createdIn: span.interval, completion: tolerant)
        case .group(let group) where Grouping(of: group) != .room:
            // A conference may go on for weeks.
            guard let first = try oldest(of: group)?.dateCreated, let last = try newest(of: group),
                first <= last
            else { return completion(.success(())) }
            synchronizer.whenCallsListed(
                createdIn: first..<Timestamp(seconds: last.seconds + 1), completion: tolerant)
        default: completion(.success(()))
        }
    }

    /// Calls a completion once the call of a recording is known, as far as Twilio tells it.
    func whenCallKnown(of entry: CatalogEntry, completion: @escaping ListCompletion) {
        guard let created = entry.dateCreated else { return completion(.success(())) }
        synchronizer.whenCallsListed(
            createdIn: created..<Timestamp(seconds: created.seconds + 1), completion: Self.tolerating(completion))
    }

    /// A completion for which refused calls are no failure.
    private static func tolerating(_ completion: @escaping ListCompletion) -> ListCompletion {
        { result in
            if case .failure(let error) = result, error.code == .refusedCalls {
                completion(.success(()))
            } else {
                completion(result)
            }
        }
    }
}
