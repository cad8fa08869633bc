import Foundation
import Support

/// An open store: the index, the files and this process as one of its users.
///
/// ```
/// FOLDER/lock                 locked by who opens a store or sets one aside
/// FOLDER/store/index.sqlite   what is held
/// FOLDER/store/blocks/N/…     the files of the blocks
/// FOLDER/store/owners/…       a locked file for each process
/// FOLDER/discarded-…          a store whose index was damaged or missing, until it is removed
/// ```
///
/// A store is set aside whole, by renaming it: whoever still uses it goes on with files that are no longer in anybody's
/// way, until it notices (``isCurrent``).
final class OpenStore: Sendable {
    let index: BlockIndex
    let files: BlockFolder
    let owner: Owner

    /// What the index hasn't been told yet.
    let uses = UseLog()

    /// Reservations that could not be given back.
    let abandoned = Locked<[Int64]>([])

    /// The index's file, to tell it from one that is in its place later.
    let identity: FileIdentity

    /// Whether the machine was restarted since the index was used, perhaps by a power failure.
    let wasRestarted: Bool

    /// Why another one that was in its place was set aside when this one was opened; nil when none was.
    let fault: String?

    private let folder: String

    /// Whether files may be there that the index doesn't know of.
    ///
    /// They would come on top of the limit, so nothing is stored until a sweep has been made: when there are stores
    /// that were set aside, and after a restart of the machine, since SQLite may have lost the last transactions in a
    /// power failure then. A kill loses none.
    private let isSwept: Locked<Bool>

    /// How long somebody else may take to open the folder.
    private static let openingPatience = Duration.seconds(5)

    private init(folder: String, patience: Duration, replacing fault: String?) throws {
        self.folder = folder
        self.fault = fault
        let store = Self.storePath(folder)
        guard mkdir(store, 0o700) == 0 || errno == EEXIST else { throw SystemError("'\(store)' can't be made") }
        let owners = Self.ownersPath(folder)
        guard mkdir(owners, 0o700) == 0 || errno == EEXIST else { throw SystemError("'\(owners)' can't be made") }
        files = try BlockFolder(path: store + "/blocks")
        owner = try Owner(folder: owners)
        index = try BlockIndex(path: Self.indexPath(folder), patience: patience)
        guard let identity = FileIdentity(Self.indexPath(folder)) else {
            throw SystemError("'\(Self.indexPath(folder))' can't be opened")
        }
        self.identity = identity
        let boot = Self.boot
        let lastBoot = try index.setting("boot")
        wasRestarted = lastBoot != nil && lastBoot != boot
        // An index that was made just now: everything that it will hold comes after this.
        if lastBoot == nil, let boot { try index.set("boot", to: boot) }
        isSwept = Locked(try Self.discarded(folder).isEmpty && boot != nil && (lastBoot == nil || lastBoot == boot))
    }

    /// Opens the store of a folder, or makes an empty one.
    ///
    /// - Parameters:
    ///   - folder: the cache's folder; made if it is missing.
    ///   - damaged: the index that was found to be damaged: it is set aside if it is still there.
    ///   - keepsDamaged: whether an index that can't be used stays where it is.
    ///   - patience: how long to wait for other processes' changes of the index.
    static func open(
        _ folder: String, damaged: FileIdentity? = nil, keepsDamaged: Bool = false, patience: Duration = .seconds(5)
    ) throws(DiskCacheError) -> OpenStore {
        do {
            var status = stat()
            if lstat(folder, &status) != 0 {
                try FileManager.default.createDirectory(
                    atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            }
            try PrivateFile.checkFolder(folder)
            let lock = try FileLock(path: folder + "/lock", patience: openingPatience)
            defer { withExtendedLifetime(lock) {} }
            var fault: String?
            if !keepsDamaged, let refusal = foreignPart(of: folder) {
                try setAside(folder)
                fault = refusal.fact
            }
            let isStore = FileManager.default.fileExists(atPath: storePath(folder))
            let identity = FileIdentity(indexPath(folder))
            if isStore, identity == nil || identity == damaged {
                try setAside(folder)
                fault = identity == nil ? "its index is missing" : "its index is damaged"
            }
            do {
                return try OpenStore(folder: folder, patience: patience, replacing: fault)
            } catch let failure as IndexFailure where failure.code == .damaged && !keepsDamaged {
                try setAside(folder)
                return try OpenStore(
                    folder: folder, patience: patience, replacing: "its index is damaged: \(failure)")
            }
        } catch let failure as IndexFailure {
            throw DiskCacheError(
                failure.code == .damaged ? .damagedIndex : .index,
                "the cache's index '\(indexPath(folder))' can't be used: \(failure)", cause: failure)
        } catch let refusal as PrivateFile.Refusal {
            throw DiskCacheError(.folder, "the cache's folder can't be used: \(refusal)", cause: refusal)
        } catch {
            let reason = (error as? SystemError)?.description ?? error.localizedDescription
            throw DiskCacheError(.folder, "the cache's folder '\(folder)' can't be used: \(reason)", cause: error)
        }
    }

    /// Whether there is a store in a folder.
    static func exists(in folder: String) -> Bool {
        FileIdentity(indexPath(folder)) != nil
    }

    /// Whether this is the store that is in the folder now.
    var isCurrent: Bool { FileIdentity(Self.indexPath(folder)) == identity }

    /// Whether every file that there is counts.
    var mayStore: Bool { isSwept.withLock { $0 } }

    /// What is told about this store to those that want to store.
    func storing(limit: Int64) -> BlockIndex.Storing {
        BlockIndex.Storing(owner: owner.name, limit: limit, files: files, uses: uses)
    }

    /// Tells the index what it hasn't been told.
    func settle() throws(IndexFailure) {
        try index.note(uses)
        let ids = abandoned.withLock { abandoned in
            defer { abandoned = [] }
            return abandoned
        }
        do throws(IndexFailure) {
            try index.cancel(ids, files)
        } catch {
            abandoned.withLock { $0 += ids }
            throw error
        }
    }

    // MARK: For the sweep

    /// Gives back what processes had reserved that are no more.
    ///
    /// - Returns: whether one of them was killed. It may have removed files of blocks whose rows are still there, since
    ///   the rows go last.
    @discardableResult
    func cancelOfDeadOwners() throws(IndexFailure) -> Bool {
        let owners = Self.ownersPath(folder)
        var alive: Set<String> = []
        var dead: Set<String> = []
        var wasKilled = false
        do {
            let lock = try FileLock(path: folder + "/lock", patience: Self.openingPatience)
            defer { withExtendedLifetime(lock) {} }
            for owner in try index.owners() {
                if Owner.isAlive(owner, folder: owners) { alive.insert(owner) } else { dead.insert(owner) }
            }
            wasKilled = Owner.removeDead(folder: owners, except: alive.union(dead))
        } catch {
            throw IndexFailure(error)
        }
        for owner in dead { try index.cancelAll(of: owner, files) }
        return wasKilled
    }

    /// Removes the stores that were set aside.
    func removeDiscarded() throws(IndexFailure) {
        do {
            for path in try Self.discarded(folder) { try FileManager.default.removeItem(atPath: path) }
        } catch {
            throw IndexFailure(SystemError("a part of the cache that was set aside can't be removed", EIO))
        }
    }

    /// Notes that every file that there is counts.
    func noteSwept() throws(IndexFailure) {
        if let boot = Self.boot { try index.set("boot", to: boot) }
        isSwept.withLock { $0 = true }
    }

    // MARK: Paths

    /// Says what there is of a store that isn't a file or folder of the user's own, or is reached by a link.
    ///
    /// SQLite opens the index by its name: it would follow links, and wait for FIFOs.
    private static func foreignPart(of folder: String) -> PrivateFile.Refusal? {
        do throws(PrivateFile.Refusal) {
            for path in [storePath(folder), ownersPath(folder), storePath(folder) + "/blocks"] {
                do throws(PrivateFile.Refusal) {
                    try PrivateFile.checkFolder(path)
                } catch {
                    guard error.code == .system(ENOENT) else { throw error }
                }
            }
            for suffix in ["", "-wal", "-shm", "-journal"] { try PrivateFile.checkFile(indexPath(folder) + suffix) }
            return nil
        } catch {
            return error
        }
    }

    private static func setAside(_ folder: String) throws(SystemError) {
        let target = "\(folder)/discarded-\(String(UInt64.random(in: .min ... .max), radix: 16))"
        guard rename(storePath(folder), target) == 0 else {
            throw SystemError("'\(storePath(folder))' can't be set aside")
        }
    }

    private static func discarded(_ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasPrefix("discarded-") }
            .map { "\(folder)/\($0)" }
    }

    private static func storePath(_ folder: String) -> String { folder + "/store" }
    private static func ownersPath(_ folder: String) -> String { folder + "/store/owners" }
    private static func indexPath(_ folder: String) -> String { folder + "/store/index.sqlite" }

    /// Another text after each restart of the machine; nil when the system doesn't tell.
    private static let boot = try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
}
