import Catalog
import Media
import Prefetching
import Support
import TwilioAPI

/// What `stat` tells of each kind of node.
extension FileTree {
    /// What `stat` tells of a node; waits for what isn't known.
    func attributes(of node: Node, completion: @escaping Completion<Attributes>) {
        do throws(FileTreeError) {
            let branch = branch(node.branch)
            var entry: CatalogEntry?
            switch node.place {
            case .directory(.group(let group)) where try oldest(of: group, in: branch) == nil:
                awaitGroup(group, node, completion)
                return
            case .directory, .control:
                break
            case .media(let sid, _), .metadata(let sid, _), .link(let sid, _, _):
                entry = try catalogEntry(sid, branch)
            }
            let known = try knownAttributes(of: node, entry: entry)
            if case .media(let sid, _) = node.place { branch.prefetcher.didAskSize(of: sid, isKnown: known != nil) }
            if let known {
                completion(.success(known))
                return
            }
            guard case .media(let sid, _) = node.place, let entry else {
                throw FileTreeError(.stale, "the attributes can't be known")
            }
            parts.library.describe(try resource(sid, branch)) { [self] result in
                switch result {
                case .success(let facts):
                    completion(.success(media(node, entry: entry, facts: facts)))
                case .failure(let error):
                    translate(error, in: branch) { completion(.failure($0)) }
                }
            }
        } catch {
            completion(.failure(error))
        }
    }

    /// The attributes that are told with a name, at once.
    ///
    /// The kernel locks the directory while it waits for a name, so nothing may be waited for here. A size that isn't
    /// known is told as ``sizeUntilKnown``, for no time at all: the kernel asks for the attributes alone, without a
    /// lock, before `stat` returns and before a file is opened, whose permissions it checks then.
    func attributesWithName(of node: Node, entry: CatalogEntry?) throws(FileTreeError) -> Attributes {
        if let known = try knownAttributes(of: node, entry: entry) { return known }
        guard case .media(let sid, _) = node.place, let entry else {
            throw FileTreeError(.stale, "the attributes can't be known")
        }
        // Of a file that somebody reads, the kernel has the size, which must not be replaced.
        if let facts = parts.library.factsAtHand(sid) { return media(node, entry: entry, facts: facts) }
        return media(node, entry: entry, size: Self.sizeUntilKnown, validity: 0)
    }

    /// The attributes of a node, as far as they can be told without asking anybody; nil when the size isn't known.
    func knownAttributes(of node: Node, entry: CatalogEntry?) throws(FileTreeError) -> Attributes? {
        switch node.place {
        case .directory(let directory):
            let branch = branch(node.branch)
            return Attributes(
                inode: number(node), type: .directory, permissions: ownership.directoryPermissions,
                user: ownership.user, group: ownership.group, size: 4096,
                modified: try modified(directory, in: branch),
                validity: isSettled(directory, in: branch) ? Self.directoryValidity : 0)
        case .control(let file):
            return regular(node, size: Int64(try size(of: file)), modified: Self.unknownTime, validity: 0)
        case .metadata:
            guard let entry else { return nil }
            // Its size changes with the resource, and a program that was told the old one would copy a part of the new.
            return regular(
                node, size: entry.jsonSize, modified: entry.dateUpdated ?? entry.dateCreated ?? Self.unknownTime,
                validity: 0)
        case .link(_, _, let view):
            guard let entry else { return nil }
            return Attributes(
                inode: number(node), type: .link, permissions: ownership.linkPermissions, user: ownership.user,
                group: ownership.group, size: Int64(Self.target(of: entry, from: view).utf8.count),
                modified: entry.dateCreated ?? Self.unknownTime, validity: Self.longValidity)
        case .media:
            guard let entry else { return nil }
            if let size = entry.plaintextSize { return media(node, entry: entry, size: size, countsForGood: true) }
            return parts.library.provisionalSize(of: entry.sid).map {
                media(node, entry: entry, size: $0, countsForGood: false)
            }
        }
    }

    private func media(_ node: Node, entry: CatalogEntry, facts: MediaFacts) -> Attributes {
        media(
            node, entry: entry, size: facts.plaintextSize,
            countsForGood: facts.isConfirmed && facts.isPlaintextSizeExact)
    }

    /// - Parameter countsForGood: whether the size is certain; else the kernel asks again soon.
    private func media(_ node: Node, entry: CatalogEntry, size: Int64, countsForGood: Bool) -> Attributes {
        // While a program reads the former media, the size isn't valid: the kernel asks for it again before it reads
        // beyond, and the program gets ESTALE instead of an early end.
        let isDisputed = parts.library.hasOutdatedReaders(entry.sid)
        return media(
            node, entry: entry, size: size,
            validity: isDisputed ? 0 : countsForGood ? Self.longValidity : Self.directoryValidity)
    }

    private func media(_ node: Node, entry: CatalogEntry, size: Int64, validity: Double) -> Attributes {
        var attributes = regular(
            node, size: size, modified: entry.dateCreated ?? Self.unknownTime, validity: validity)
        attributes.revision = revisions.withLock { $0[entry.sid] ?? 0 }
        return attributes
    }

    private func regular(_ node: Node, size: Int64, modified: Timestamp, validity: Double) -> Attributes {
        regular(number: number(node), size: size, modified: modified, validity: validity)
    }

    /// The attributes of a regular file.
    func regular(number: InodeNumber, size: Int64, modified: Timestamp, validity: Double) -> Attributes {
        Attributes(
            inode: number, type: .regular, permissions: ownership.filePermissions, user: ownership.user,
            group: ownership.group, size: size, modified: modified, validity: validity)
    }

    /// Whether all is here on which a directory's time depends.
    ///
    /// Until then it may change at any moment.
    private func isSettled(_ directory: Directory, in branch: Branch) -> Bool {
        switch directory {
        case .date, .accounts, .control: true
        case .root, .media, .metadata, .metadataOf, .byDate, .byGroup, .group:
            directory.kinds.allSatisfy(branch.synchronizer.isComplete)
        }
    }

    /// The time of a directory, which is the same after a remount: when the newest of its recordings was made.
    ///
    /// A day, a month and a year have their beginning. Calls and rooms have the time of their oldest recording: what is
    /// added later doesn't change it, and the catalog finds it with the call.
    private func modified(_ directory: Directory, in branch: Branch) throws(FileTreeError) -> Timestamp {
        switch directory {
        case .date(let span): span.interval.lowerBound
        case .group(let group): try oldest(of: group, in: branch)?.dateCreated ?? Self.unknownTime
        // Their own would be that of the mount, and another each time.
        case .accounts, .control: Self.unknownTime
        case .root, .media, .metadata, .metadataOf, .byDate, .byGroup:
            try newest(of: directory.kinds, in: branch)
        }
    }

    /// When the newest recording of some kinds was made, as far as they are shown.
    private func newest(of kinds: [MediaKind], in branch: Branch) throws(FileTreeError) -> Timestamp {
        do throws(CatalogError) {
            var newest: Timestamp?
            for kind in kinds where branch.kinds.contains(kind) {
                guard let time = try branch.catalog.newest(of: kind) else { continue }
                newest = max(newest ?? time, time)
            }
            return newest ?? Self.unknownTime
        } catch {
            throw inputOutput(error)
        }
    }
}
