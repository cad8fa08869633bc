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
            var entry = entry
            switch node {
            case .directory, .control:
                break
            case .media(let sid, _), .metadata(let sid, _):
                if entry == nil { entry = try catalogEntry(sid) }
            }
            let known = try knownAttributes(of: node, entry: entry)
            if case .media(let sid, _) = node { parts.follower.didAskSize(of: sid, isKnown: known != nil) }
            if let known {
                completion(.success(known))
                return
            }
            guard case .media(let sid, _) = node, let entry else {
                throw FileTreeError(.stale, "the attributes can't be known")
            }
            parts.library.describe(try resource(sid)) { [self] result in
                completion(
                    result.map { media(node, entry: entry, size: $0.plaintextSize) }.mapError { failure($0) })
            }
        } catch {
            completion(.failure(error))
        }
    }

    /// The attributes of a node, as far as they can be told without asking anybody; nil when the size isn't known.
    func knownAttributes(of node: Node, entry: CatalogEntry?) throws(FileTreeError) -> Attributes? {
        switch node {
        case .directory(let directory):
            return Attributes(
                inode: number(node), type: .directory, permissions: ownership.directoryPermissions,
                user: ownership.user, group: ownership.group, size: 4096, modified: try newest(in: directory),
                validity: isSettled(directory) ? Self.directoryValidity : 0)
        case .control(let file):
            return regular(node, size: Int64(try size(of: file)), modified: Self.unknownTime, validity: 0)
        case .metadata:
            guard let entry else { return nil }
            return regular(
                node, size: entry.jsonSize, modified: entry.dateCreated ?? Self.unknownTime,
                validity: Self.directoryValidity)
        case .media:
            guard let entry, let size = entry.plaintextSize else { return nil }
            return media(node, entry: entry, size: size)
        }
    }

    func media(_ node: Node, entry: CatalogEntry, size: Int64) -> Attributes {
        regular(node, size: size, modified: entry.dateCreated ?? Self.unknownTime, validity: Self.longValidity)
    }

    func regular(_ node: Node, size: Int64, modified: Timestamp, validity: Double) -> Attributes {
        Attributes(
            inode: number(node), type: .regular, permissions: ownership.filePermissions, user: ownership.user,
            group: ownership.group, size: size, modified: modified, validity: validity)
    }

    func number(_ node: Node) -> InodeNumber {
        inodes.withLock { $0.number(of: node) }
    }

    /// The kinds whose recordings are in or below a directory.
    private func kinds(in directory: Directory) -> [MediaKind] {
        switch directory {
        case .media(let kind), .metadataOf(let kind): [kind]
        case .root, .metadata: MediaKind.allCases
        // Its files' times are always the same.
        case .control: []
        }
    }

    /// Whether the lists are here on which a directory's time depends.
    ///
    /// Until then it may change at any moment.
    private func isSettled(_ directory: Directory) -> Bool {
        kinds(in: directory).allSatisfy { parts.synchronizer.isComplete($0) }
    }

    /// The time of a directory: when the newest of its recordings was made, so that it is the same after a remount.
    func newest(in directory: Directory) throws(FileTreeError) -> Timestamp {
        do throws(CatalogError) {
            var newest: Timestamp?
            for kind in kinds(in: directory) {
                guard let time = try parts.catalog.newest(of: kind) else { continue }
                newest = max(newest ?? time, time)
            }
            return newest ?? Self.unknownTime
        } catch {
            throw inputOutput(error)
        }
    }
}
