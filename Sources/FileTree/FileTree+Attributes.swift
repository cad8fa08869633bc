import Catalog
import Media
import Threading
import TwilioAPI

/// What `stat` tells of each kind of node.
extension FileTree {
    func attributes(
        of node: Node, entry: CatalogEntry? = nil, completion: @escaping Completion<Attributes>
    ) {
        do throws(FileTreeError) {
            let branch = branch(node.branch)
            var entry = entry
            switch node.place {
            case .directory, .control:
                break
            case .media(let sid, _), .metadata(let sid, _), .link(let sid, _, _):
                if entry == nil { entry = try catalogEntry(sid, branch) }
            }
            let known = try knownAttributes(of: node, entry: entry)
            if case .media(let sid, _) = node.place { branch.follower.didAskSize(of: sid, isKnown: known != nil) }
            if let known {
                completion(.success(known))
                return
            }
            guard case .media(let sid, _) = node.place, let entry else {
                throw FileTreeError(.stale, "the attributes can't be known")
            }
            parts.library.describe(try resource(sid, branch)) { [self] result in
                completion(
                    result.map {
                        media(
                            node, entry: entry, size: $0.plaintextSize,
                            countsForGood: $0.isConfirmed && $0.isPlaintextSizeExact)
                    }.mapError { failure($0, in: branch) })
            }
        } catch {
            completion(.failure(error))
        }
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
            return regular(
                node, size: entry.jsonSize, modified: entry.dateCreated ?? Self.unknownTime,
                validity: Self.directoryValidity)
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

    /// - Parameter countsForGood: whether the size is certain; else the kernel asks again soon.
    private func media(_ node: Node, entry: CatalogEntry, size: Int64, countsForGood: Bool) -> Attributes {
        regular(
            node, size: size, modified: entry.dateCreated ?? Self.unknownTime,
            validity: countsForGood ? Self.longValidity : Self.directoryValidity)
    }

    func regular(_ node: Node, size: Int64, modified: Timestamp, validity: Double) -> Attributes {
        Attributes(
            inode: number(node), type: .regular, permissions: ownership.filePermissions, user: ownership.user,
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
