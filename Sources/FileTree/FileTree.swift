import Catalog
public import Logging
public import Media
public import Readability
public import Support
import Transfer
public import TwilioAPI

/// The mount as a tree of directories and files: names, numbers, attributes, contents.
///
/// Knows nothing of libfuse, so all of it can be tested without a mount. What is known is answered at once, on the
/// caller's thread; what has to be asked for is answered later by a completion, which may come on any thread.
public final class FileTree: Sendable {
    /// What the tree is made from.
    public struct Parts: Sendable {
        /// The branch of the mounted account.
        public var main: Branch

        /// Those of its subaccounts, in the order of the listing; nil where none are to be shown.
        public var subaccounts: [Branch]?

        /// Reads media.
        public var library: MediaLibrary

        /// Tells what the mount is doing.
        public var gatherer: StatusGatherer

        /// Knows what is left out since it can't be read; nil where nothing is.
        public var readability: Readability?

        /// Makes a set of parts.
        public init(
            main: Branch, subaccounts: [Branch]? = nil, library: MediaLibrary, gatherer: StatusGatherer,
            readability: Readability? = nil
        ) {
            self.readability = readability
            self.main = main
            self.subaccounts = subaccounts
            self.library = library
            self.gatherer = gatherer
        }
    }

    /// What a question to the tree ends with.
    public typealias Completion<Value> = @Sendable (Result<Value, FileTreeError>) -> Void

    let parts: Parts
    let logger: Logger
    let ownership: Ownership
    let version: String
    let inodes: Locked<InodeTable>

    /// The branches by their numbers.
    let branches: [Branch]

    /// How often the media of those recordings has changed whose media did.
    let revisions = Locked<[SID: Int]>([:])

    /// The sizes of the files whose text is made anew at each opening.
    let stableSizes = Locked<[ControlFile: StableSize]>([:])

    /// Completed media never changes, so what is known of it holds for as long as the kernel likes: a day.
    static let longValidity = 86_400.0

    /// The size that is told with a name as long as the true one isn't known.
    ///
    /// No program should see it. If one does that asks for what the kernel remembers (`AT_STATX_DONT_SYNC`), it is
    /// better off with too much than with too little: reading ends where the file does, and no file is taken for an
    /// empty one.
    static let sizeUntilKnown = Bounds.largestSize

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
    public init(parts: Parts, ownership: Ownership, version: String, logger: Logger) {
        precondition(
            MediaKind.allCases.allSatisfy {
                InodeNumber.kinds.contains($0.rawValue) && PlaceInDay.kinds.contains($0.rawValue)
            }, "a kind of media has no inode numbers, or no place in the listing of a day")
        self.parts = parts
        // As many as there are numbers for: Twilio allows a thousand unless asked.
        let subaccounts = (parts.subaccounts ?? []).prefix(Int(UInt16.max))
        branches = [parts.main] + subaccounts
        inodes = Locked(InodeTable(subaccounts: subaccounts.map(\.account)))
        self.ownership = ownership
        self.version = version
        self.logger = logger
    }

    // MARK: Nodes

    /// Takes back references to a node.
    public func forget(_ inode: InodeNumber, count: UInt64) {
        inodes.withLock { $0.forget(inode, count: count) }
    }

    /// Counts a reference to an entry of a listing whose attributes were told.
    public func refer(to entry: DirectoryEntry) {
        _ = inodes.withLock { $0.refer(to: entry.node) }
    }

    /// Takes note that bytes of a recording's media may have been released that aren't its own, or aren't any more: the
    /// time of the file changes by a nanosecond, so that the kernel drops its pages.
    ///
    /// - Returns: the number of the file.
    public func noteChange(ofMedia sid: SID, of account: SID? = nil) -> InodeNumber? {
        revisions.withLock { $0[sid, default: 0] += 1 }
        return inode(ofMedia: sid, of: account)
    }

    /// The number that a recording's media file has, whether or not the kernel knows it.
    ///
    /// - Parameter account: to which it belongs; nil, or one that isn't a subaccount, for the mounted account.
    func inode(ofMedia sid: SID, of account: SID? = nil) -> InodeNumber? {
        let index = account.flatMap { account in branches.dropFirst().firstIndex { $0.account == account } } ?? 0
        return sid.kind.map { number(Node(.media(sid, $0), in: BranchNumber(rawValue: UInt16(index)))) }
    }

    /// What `stat` tells of a node; waits for a size that isn't known.
    ///
    /// - Parameter isOpen: whether the question comes from an open file that is being read. It goes on with what is at
    ///   hand when the recording is gone from the account, whereas everybody else is told so.
    public func attributes(
        of inode: InodeNumber, isOpen: Bool = false, completion: @escaping Completion<Attributes>
    ) {
        if isOpen, let kept = inodes.withLock({ $0.attributes(ofRemoved: inode) }) {
            completion(.success(kept))
            return
        }
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
        let isDirectory = if case .directory = try node(inode).place { true } else { false }
        guard mask & 2 == 0 else { throw FileTreeError(.readOnly, "the mount is read-only") }
        // The superuser passes, as in every file system; files without an execute bit are not programs even for it.
        if user == 0, mask & 1 == 0 || isDirectory { return }
        let permissions = isDirectory ? ownership.directoryPermissions : ownership.filePermissions
        let shift: UInt32 = user == ownership.user ? 6 : group == ownership.group ? 3 : 0
        guard (permissions >> shift) & mask == mask else {
            throw FileTreeError(.permissionDenied, "the mode doesn't allow it")
        }
    }

    // MARK: Helpers

    func node(_ inode: InodeNumber) throws(FileTreeError) -> Node {
        guard let node = inodes.withLock({ $0.node(of: inode) }) else {
            throw FileTreeError(.stale, "the inode \(inode.rawValue) is not known any more")
        }
        return node
    }

    func directory(_ inode: InodeNumber) throws(FileTreeError) -> (directory: Directory, branch: BranchNumber) {
        let node = try node(inode)
        guard case .directory(let directory) = node.place else {
            throw FileTreeError(.notDirectory, "not a directory")
        }
        return (directory, node.branch)
    }

    func number(_ node: Node) -> InodeNumber {
        inodes.withLock { $0.number(of: node) }
    }

    /// The branch with a number, all of which are the tree's own.
    func branch(_ number: BranchNumber) -> Branch { branches[Int(number.rawValue)] }

    // MARK: Contents

    func catalogEntry(_ sid: SID, _ branch: Branch) throws(FileTreeError) -> CatalogEntry {
        do throws(CatalogError) {
            // A deleted resource may stay, with another status.
            if let entry = try branch.catalog.entry(of: sid), entry.isCompleted { return entry }
        } catch {
            throw inputOutput(error)
        }
        throw Self.gone(sid)
    }

    func resource(_ sid: SID, _ branch: Branch) throws(FileTreeError) -> MediaResource {
        do throws(CatalogError) {
            if let resource = try branch.catalog.resource(of: sid) { return resource }
        } catch {
            throw inputOutput(error)
        }
        throw Self.gone(sid)
    }

    func knownFacts(_ sid: SID, _ branch: Branch) throws(FileTreeError) -> MediaFacts? {
        do throws(CatalogError) {
            return try branch.catalog.mediaFacts(of: sid).flatMap { MediaFacts(stored: $0.facts) }
        } catch {
            throw inputOutput(error)
        }
    }

    func storedIntegrity(_ sid: SID, _ branch: Branch) throws(FileTreeError) -> StoredIntegrity? {
        do throws(CatalogError) {
            return try branch.catalog.integrity(of: sid)
        } catch {
            throw inputOutput(error)
        }
    }

    /// A recording was deleted at Twilio.
    static func gone(_ sid: SID, cause: (any Error)? = nil) -> FileTreeError {
        FileTreeError(.stale, "\(sid) is not in the account any more", cause: cause)
    }

    func inputOutput(_ error: any Error) -> FileTreeError {
        FileTreeError(.inputOutput, "The catalog can't be read.", cause: error)
    }
}
