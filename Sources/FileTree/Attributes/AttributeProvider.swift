import Catalog
import Media
import Prefetching
import Support
import Sync
import TwilioAPI

/// Provides the attributes of all nodes.
final class AttributeProvider: Sendable {
    /// The size reported with a name until the true size is known.
    ///
    /// Only a program that asks for the attributes in the kernel's cache (`AT_STATX_DONT_SYNC`) can see it. A size that
    /// is too large does less harm than a small one: reading still ends at the file's end, and no file seems empty.
    private static let sizeUntilKnown = Bounds.largestSize

    private let branches: Branches
    private let nodes: NodeRegistry
    private let library: MediaLibrary
    private let controlFiles: ControlFiles
    private let ownership: Ownership

    init(
        branches: Branches, nodes: NodeRegistry, library: MediaLibrary, controlFiles: ControlFiles, ownership: Ownership
    ) {
        self.branches = branches
        self.nodes = nodes
        self.library = library
        self.controlFiles = controlFiles
        self.ownership = ownership
    }

    /// The attributes of a node; waits for an unknown size.
    ///
    /// - Parameter file: The open file that is being read, if any.
    func attributes(of node: Node, openedAs file: OpenFile? = nil, completion: @escaping TreeCompletion<Attributes>) {
        // Of other bytes, a size would have the kernel cut these, or end them with zeros.
        if let file, case .bytes(let bytes) = file.content {
            return completion(.success(regular(node, size: Int64(bytes.count), file.modified, validity: 0)))
        }
        guard let sid = node.place.recording else { return ofOther(node, completion) }
        let branch = branches[node.branch]
        // All at once: the catalog may be replaced between two queries.
        let query: @Sendable (Branch) throws(FileTreeError) -> Stored = { [self] branch throws(FileTreeError) in
            let entry = try branch.entry(of: sid)
            let known = try known(of: node, entry)
            return Stored(entry: entry, known: known, resource: known == nil ? try branch.resource(of: sid) : nil)
        }
        // What is being read is known, whatever has become of the catalog.
        let result = Result { () throws(FileTreeError) in try query(branch) }
        if case .failure(let error) = result, error.code == .inputOutput {
            if let file, let kept = kept(node, sid, file) { return completion(.success(kept)) }
            branch.whenFound(sid, query) { [self] in ofRecording(node, $0, completion) }
        } else {
            ofRecording(node, result, completion)
        }
    }

    /// What the catalog has of a recording.
    private struct Stored {
        let entry: CatalogEntry
        /// The attributes, if they are known.
        let known: Attributes?
        /// The resource, if they aren't.
        let resource: MediaResource?
    }

    /// The attributes of an open file of media whose recording the catalog doesn't have at the moment.
    private func kept(_ node: Node, _ sid: SID, _ file: OpenFile) -> Attributes? {
        guard let size = library.factsAtHand(sid)?.plaintextSize ?? file.size else { return nil }
        var attributes = regular(node, size: size, file.modified, validity: Validity.short)
        attributes.revision = nodes.revision(of: sid)
        return attributes
    }

    /// Provides the attributes of a recording's file, resource or link.
    private func ofRecording(
        _ node: Node, _ stored: Result<Stored, FileTreeError>, _ completion: @escaping TreeCompletion<Attributes>
    ) {
        let found: Stored
        switch stored {
        case .success(let stored): found = stored
        case .failure(let error): return completion(.failure(error))
        }
        let branch = branches[node.branch]
        if case .media(let sid, _) = node.place {
            branch.prefetcher.didAskSize(of: sid, isKnown: found.known != nil)
        }
        if let known = found.known { return completion(.success(known)) }
        guard let resource = found.resource else { return completion(.failure(Self.unknown)) }
        library.describe(resource) { [self] result in
            switch result {
            case .success(let facts): completion(.success(media(node, found.entry, facts)))
            case .failure(let error):
                MediaFailures(library: library).translate(error, in: branch) { completion(.failure($0)) }
            }
        }
    }

    /// Provides the attributes of a directory, or of a file about the mount itself.
    private func ofOther(_ node: Node, _ completion: @escaping TreeCompletion<Attributes>) {
        do throws(FileTreeError) {
            let branch = branches[node.branch]
            var entry: CatalogEntry?
            switch node.place {
            case .directory(.group(let group)):
                switch try branch.look(forOldestOf: group) {
                case .found(let oldest): entry = oldest
                // With `stale` instead of `notFound`, the kernel looks up the name again, without success.
                case .absent: throw .empty("\(group)")
                case .unknown: return waitForGroup(group, node, completion)
                }
            case .directory(.number(let number)):
                switch try branch.look(forOldestOf: number) {
                case .found(let oldest): entry = oldest
                case .absent: throw .empty(number.name)
                case .unknown: return waitForNumber(number, node, completion)
                }
            case .directory, .control, .media, .metadata, .link: break
            }
            guard let known = try known(of: node, entry) else { throw Self.unknown }
            completion(.success(known))
        } catch {
            completion(.failure(error))
        }
    }

    /// Provides the attributes of a call or a room without known recordings, once its lists are complete.
    private func waitForGroup(_ group: SID, _ node: Node, _ completion: @escaping TreeCompletion<Attributes>) {
        let branch = branches[node.branch]
        branch.synchronizer.whenListed(Grouping(of: group).kinds) { [self] result in
            finish(node, "\(group)", result, completion) { () throws(FileTreeError) in
                try branch.look(forOldestOf: group)
            }
        }
    }

    /// Waits until the catalog has calls of a telephone number, or all calls.
    private func waitForNumber(_ number: NumberGroup, _ node: Node, _ completion: @escaping TreeCompletion<Attributes>)
    {
        let branch = branches[node.branch]
        branch.synchronizer.whenCallsListed(createdIn: nil) { [self] result in
            finish(node, number.name, result, completion) { () throws(FileTreeError) in
                try branch.look(forOldestOf: number)
            }
        }
    }

    /// Provides the attributes of a group after the wait for its lists.
    private func finish(
        _ node: Node, _ name: String, _ listed: Result<Void, CatalogError>,
        _ completion: @escaping TreeCompletion<Attributes>,
        _ look: () throws(FileTreeError) -> Finding<CatalogEntry>
    ) {
        do throws(FileTreeError) {
            if case .failure(let error) = listed { throw .list(error) }
            switch try look() {
            case .found(let oldest):
                guard let known = try known(of: node, oldest) else { throw Self.unknown }
                completion(.success(known))
            case .absent: throw .empty(name)
            case .unknown: throw .interrupted
            }
        } catch {
            completion(.failure(error))
        }
    }

    /// The answer to a lookup; counts the reference.
    ///
    /// - Parameters:
    ///   - entry: The recording; for a call or a room its oldest one, if at hand.
    ///   - validity: The validity of the name.
    func lookedUp(_ node: Node, _ entry: CatalogEntry? = nil, validity: Double) throws(FileTreeError) -> Entry {
        var attributes = try withName(of: node, entry)
        if case .media(let sid, _) = node.place, attributes.validity > 0 {
            branches[node.branch].prefetcher.didAskSize(of: sid, isKnown: true)
        }
        attributes.inode = nodes.refer(to: node)
        return Entry(attributes: attributes, validity: validity)
    }

    /// The attributes to report with a name, without waiting.
    ///
    /// The kernel locks the directory while it waits for a name, so this function must not wait. It reports an unknown
    /// size as ``sizeUntilKnown`` with a validity of 0: the kernel asks for the attributes alone, without a lock,
    /// before `stat` returns and in the permission check before a file is opened.
    func withName(of node: Node, _ entry: CatalogEntry?) throws(FileTreeError) -> Attributes {
        if let known = try known(of: node, entry) { return known }
        guard case .media(let sid, _) = node.place, let entry else { throw Self.unknown }
        // The kernel has the size of a file that is being read; a placeholder must not replace it.
        if let facts = library.factsAtHand(sid) { return media(node, entry, facts) }
        return media(node, entry, size: Self.sizeUntilKnown, validity: 0)
    }

    private static var unknown: FileTreeError { FileTreeError(.stale, "the attributes are not known") }

    /// The attributes of a node, as far as known without a request; nil while the size is unknown.
    private func known(of node: Node, _ entry: CatalogEntry?) throws(FileTreeError) -> Attributes? {
        switch node.place {
        case .directory(let directory):
            let branch = branches[node.branch]
            return Attributes(
                inode: nodes.number(node), type: .directory, permissions: ownership.directoryPermissions,
                user: ownership.user, group: ownership.group, size: 4096,
                modified: try branch.modified(directory, oldest: entry),
                validity: branch.isSettled(directory) ? Validity.short : 0)
        case .control(let file):
            return regular(node, size: Int64(try controlFiles.size(of: file)), Attributes.unknownTime, validity: 0)
        case .metadata:
            guard let entry else { return nil }
            // The size changes with the resource: with the old size, a program would copy a part of the new resource.
            return regular(node, size: entry.jsonSize, Attributes.time(ofResource: entry), validity: 0)
        case .link(_, _, let view):
            guard let entry else { return nil }
            return Attributes(
                inode: nodes.number(node), type: .link, permissions: ownership.linkPermissions, user: ownership.user,
                group: ownership.group, size: Int64(view.target(of: entry).utf8.count),
                modified: entry.dateCreated ?? Attributes.unknownTime, validity: Validity.long)
        case .media:
            guard let entry else { return nil }
            if let size = entry.plaintextSize { return media(node, entry, size: size, isFinal: true) }
            return library.provisionalSize(of: entry.sid).map { media(node, entry, size: $0, isFinal: false) }
        }
    }

    private func media(_ node: Node, _ entry: CatalogEntry, _ facts: MediaFacts) -> Attributes {
        media(node, entry, size: facts.plaintextSize, isFinal: facts.isConfirmed && facts.isPlaintextSizeExact)
    }

    /// - Parameter isFinal: Whether the size is certain; otherwise the kernel asks again soon.
    private func media(_ node: Node, _ entry: CatalogEntry, size: Int64, isFinal: Bool) -> Attributes {
        // While a program may read the former media, the validity is 0: the kernel asks again before it reads past the
        // end, and the program gets ESTALE instead of an early end.
        let isDisputed = library.hasOutdatedReaders(entry.sid)
        return media(node, entry, size: size, validity: isDisputed ? 0 : isFinal ? Validity.long : Validity.short)
    }

    private func media(_ node: Node, _ entry: CatalogEntry, size: Int64, validity: Double) -> Attributes {
        var attributes = regular(node, size: size, entry.dateCreated ?? Attributes.unknownTime, validity: validity)
        attributes.revision = nodes.revision(of: entry.sid)
        return attributes
    }

    private func regular(_ node: Node, size: Int64, _ modified: Timestamp, validity: Double) -> Attributes {
        Attributes(regular: nodes.number(node), ownership, size: size, modified: modified, validity: validity)
    }
}
