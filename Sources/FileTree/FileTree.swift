public import Catalog
public import Logging
public import Media
import Threading
public import TwilioAPI

/// The mount as a tree of directories and files: names, numbers, attributes, contents.
///
/// Knows nothing of libfuse, so all of it can be tested without a mount. What is known is answered at once, on the caller's
/// thread; what has to be asked for is answered later by a completion, which may come on any thread.
public final class FileTree: Sendable {
    /// What the tree is made from.
    public struct Parts: Sendable {
        /// What the account holds.
        public var catalog: Catalog

        /// Tells whether lists are complete.
        public var synchronizer: Synchronizer

        /// Finds recordings that aren't listed yet.
        public var finder: ResourceFinder

        /// Reads media.
        public var library: MediaLibrary

        /// Has media ready before it is asked for.
        public var follower: WalkFollower

        /// Tells what the mount is doing.
        public var gatherer: StatusGatherer

        /// Makes a set of parts.
        public init(
            catalog: Catalog, synchronizer: Synchronizer, finder: ResourceFinder, library: MediaLibrary,
            follower: WalkFollower, gatherer: StatusGatherer
        ) {
            self.catalog = catalog
            self.synchronizer = synchronizer
            self.finder = finder
            self.library = library
            self.follower = follower
            self.gatherer = gatherer
        }
    }

    /// What a question to the tree ends with.
    public typealias Completion<Value> = @Sendable (Result<Value, FileTreeError>) -> Void

    let parts: Parts
    let logger: Logger
    let ownership: Ownership
    let version: String
    let inodes = Locked(InodeTable())

    /// The sizes of the files whose text is made anew at each opening.
    let stableSizes = Locked<[ControlFile: StableSize]>([:])

    /// Completed media never changes, so what is known of it holds for as long as the kernel likes: a day.
    static let longValidity = 86_400.0

    /// The time of what doesn't tell its own.
    ///
    /// Always the same, so that a backup isn't given something new each time.
    static let unknownTime = Timestamp(seconds: 0)

    /// How long the kernel may keep what a directory looks like, in seconds.
    static let directoryValidity = 1.0

    /// Makes a tree.
    ///
    /// - Parameters:
    ///   - ownership: who owns the files.
    ///   - version: this program's version, for `.twiliofs/version`.
    public init(
        parts: Parts, ownership: Ownership, version: String, logger: Logger
    ) {
        self.parts = parts
        self.ownership = ownership
        self.version = version
        self.logger = logger
    }

    // MARK: Nodes

    /// Finds a name in a directory.
    ///
    /// The answer counts as a reference, to be taken back with ``forget(_:count:)``.
    public func lookUp(_ name: String, in parent: InodeNumber, completion: @escaping Completion<Entry>) {
        let directory: Directory
        do throws(FileTreeError) {
            directory = try self.directory(parent)
        } catch {
            completion(.failure(error))
            return
        }
        if let fixed = directory.fixedEntries.first(where: { $0.name == name }) {
            answer(fixed.node, validity: Self.longValidity, completion)
            return
        }
        guard let kind = directory.listedKind, let (sid, suffix) = Self.parse(name), sid.kind == kind else {
            completion(.failure(FileTreeError(.notFound, "there is no '\(name)' here")))
            return
        }
        parts.finder.find(sid, of: kind) { [self] outcome in
            switch outcome {
            case .failure(let error):
                completion(.failure(inputOutput(error)))
            case .success(let entry?) where suffix == Self.suffix(of: entry, in: directory):
                let node = Self.node(of: entry, in: directory)
                answer(node, entry: entry, validity: Self.longValidity, completion)
            case .success:
                completion(.failure(FileTreeError(.notFound, "there is no '\(name)' here")))
            }
        }
    }

    /// Takes back references to a node.
    public func forget(_ inode: InodeNumber, count: UInt64) {
        inodes.withLock { $0.forget(inode, count: count) }
    }

    /// Counts a reference to an entry of a listing whose attributes were told.
    public func refer(to entry: DirectoryEntry) {
        _ = inodes.withLock { $0.refer(to: entry.node) }
    }

    /// The number that a recording's media file has, whether or not the kernel knows it.
    public func inode(ofMedia sid: SID) -> InodeNumber? {
        sid.kind.map { kind in inodes.withLock { $0.number(of: .media(sid, kind)) } }
    }

    /// What `stat` tells of a node.
    public func attributes(of inode: InodeNumber, completion: @escaping Completion<Attributes>) {
        do throws(FileTreeError) {
            attributes(of: try node(inode), completion: completion)
        } catch {
            completion(.failure(error))
        }
    }

    /// Whether a user may do what the bits of `mask` say (4 read, 2 write, 1 search).
    public func checkAccess(
        to inode: InodeNumber, mask: UInt32, user: UInt32, group: UInt32
    ) throws(FileTreeError) {
        let isDirectory = if case .directory = try node(inode) { true } else { false }
        guard mask & 2 == 0 else { throw FileTreeError(.readOnly, "the mount is read-only") }
        // The superuser passes, as in every file system; files without an execute bit are not programs even for it.
        if user == 0, mask & 1 == 0 || isDirectory { return }
        let permissions = isDirectory ? ownership.directoryPermissions : ownership.filePermissions
        let shift: UInt32 = user == ownership.user ? 6 : group == ownership.group ? 3 : 0
        guard (permissions >> shift) & mask == mask else {
            throw FileTreeError(.permissionDenied, "the mode doesn't allow it")
        }
    }

    // MARK: Names

    /// Splits a recording's file name; nil for a name that can't be one.
    static func parse(_ name: String) -> (sid: SID, suffix: String)? {
        let parts = name.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let sid = SID(parts[0]) else { return nil }
        return (sid, String(parts[1]))
    }

    static func suffix(of entry: CatalogEntry, in directory: Directory) -> String {
        if case .metadataOf = directory { "json" } else { entry.containerFormat }
    }

    static func node(of entry: CatalogEntry, in directory: Directory) -> Node {
        if case .metadataOf(let kind) = directory { .metadata(entry.sid, kind) } else { .media(entry.sid, entry.kind) }
    }

    // MARK: Helpers

    func node(_ inode: InodeNumber) throws(FileTreeError) -> Node {
        guard let node = inodes.withLock({ $0.node(of: inode) }) else {
            throw FileTreeError(.stale, "the inode \(inode.rawValue) is not known any more")
        }
        return node
    }

    func directory(_ inode: InodeNumber) throws(FileTreeError) -> Directory {
        guard case .directory(let directory) = try node(inode) else {
            throw FileTreeError(.notDirectory, "not a directory")
        }
        return directory
    }

    /// Answers a lookup and counts the reference.
    func answer(
        _ node: Node, entry: CatalogEntry? = nil, validity: Double, _ completion: @escaping Completion<Entry>
    ) {
        attributes(of: node, entry: entry) { [self] result in
            if case .success = result { _ = inodes.withLock { $0.refer(to: node) } }
            completion(result.map { Entry(attributes: $0, validity: validity) })
        }
    }

    // MARK: Contents

    func catalogEntry(_ sid: SID) throws(FileTreeError) -> CatalogEntry {
        do throws(CatalogError) {
            if let entry = try parts.catalog.entry(of: sid) { return entry }
        } catch {
            throw inputOutput(error)
        }
        throw FileTreeError(.stale, "\(sid) is not in the account any more")
    }

    func resource(_ sid: SID) throws(FileTreeError) -> MediaResource {
        do throws(CatalogError) {
            if let resource = try parts.catalog.resource(of: sid) { return resource }
        } catch {
            throw inputOutput(error)
        }
        throw FileTreeError(.stale, "\(sid) is not in the account any more")
    }

    func knownFacts(_ sid: SID) throws(FileTreeError) -> MediaFacts? {
        do throws(CatalogError) {
            return try parts.catalog.mediaFacts(of: sid).flatMap { MediaFacts(stored: $0.facts) }
        } catch {
            throw inputOutput(error)
        }
    }

    func storedIntegrity(_ sid: SID) throws(FileTreeError) -> StoredIntegrity? {
        do throws(CatalogError) {
            return try parts.catalog.integrity(of: sid)
        } catch {
            throw inputOutput(error)
        }
    }

    func inputOutput(_ error: any Error) -> FileTreeError {
        logger.error("\(error)")
        return FileTreeError(.inputOutput, "\(error)", cause: error)
    }
}
