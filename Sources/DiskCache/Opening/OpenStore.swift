import Foundation
import Support

/// An open store: the index, the files, and this process as an owner.
///
/// ```
/// FOLDER/lock                 locked while a store is opened or set aside
/// FOLDER/store/index.sqlite   the index
/// FOLDER/store/blocks/N/…     the files of the blocks
/// FOLDER/store/owners/…       a locked file for each process
/// FOLDER/discarded-…          a damaged store, until it is removed
/// ```
///
/// A store is set aside by renaming its folder. Processes that still use the store continue until they notice
/// (``isCurrent``).
final class OpenStore: Sendable {
    let index: BlockIndex
    let files: BlockFolder
    let owner: Owner

    /// The uses that the index doesn't have yet.
    let uses = UseLog()

    /// Reservations whose cancellation failed.
    let abandoned = Locked<[Int64]>([])

    /// The identity of the index's file, to recognise a replacement.
    let identity: FileIdentity

    /// Whether the machine was rebooted since the last sweep of the index, perhaps after a power failure.
    let wasRestarted: Bool

    /// The fault of the previous store, which was set aside on opening; nil when there was none.
    let fault: String?

    private let folder: String

    /// Whether the index has all files.
    ///
    /// Files that the index doesn't have would exceed the limit. So nothing is stored before a sweep if there are
    /// discarded stores, or after a reboot: a power failure may have lost SQLite's last transactions. A kill loses
    /// none.
    private let isSwept: Locked<Bool>

    /// The wait for another process that opens the folder.
    private static let openingPatience = Duration.seconds(5)

    private init(folder: String, patience: Duration, replacing fault: String?) throws {
        self.folder = folder
        self.fault = fault
        for path in [Self.storePath(folder), Self.ownersPath(folder)] {
            guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw SystemError("'\(path)' can't be made") }
        }
        files = try BlockFolder(path: Self.storePath(folder) + "/blocks")
        owner = try Owner(folder: Self.ownersPath(folder))
        index = try BlockIndex(path: Self.indexPath(folder), patience: patience)
        guard let identity = FileIdentity(Self.indexPath(folder)) else {
            throw SystemError("'\(Self.indexPath(folder))' can't be opened")
        }
        self.identity = identity
        let boot = Self.boot
        let lastBoot = try index.setting("boot")
        wasRestarted = lastBoot != nil && lastBoot != boot
        // The index is new: it has no contents from before this boot.
        if lastBoot == nil, let boot { try index.set("boot", to: boot) }
        isSwept = Locked(try Self.discarded(folder).isEmpty && boot != nil && !wasRestarted)
    }

    /// Opens the store of a folder, or makes an empty one.
    ///
    /// - Parameters:
    ///   - folder: the cache's folder; created if it is missing.
    ///   - damaged: the index found damaged; its store is set aside if the index is still there.
    ///   - keepsDamaged: whether an unusable index is left in place.
    ///   - patience: the wait for other processes' changes of the index.
    static func open(
        _ folder: String, damaged: FileIdentity? = nil, keepsDamaged: Bool = false, patience: Duration = .seconds(5)
    ) throws(DiskCacheError) -> OpenStore {
        do {
            try PrivateFile.makeFolder(folder)
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

    static func exists(in folder: String) -> Bool { FileIdentity(indexPath(folder)) != nil }

    /// Whether the folder still has this store.
    var isCurrent: Bool { FileIdentity(Self.indexPath(folder)) == identity }

    /// Whether the index has all files, so that the limit holds.
    var mayStore: Bool { isSwept.withLock { $0 } }

    /// Reserves the bytes of a block's file for this process.
    func reserve(_ place: BlockPlace, bytes: Int64, limit: Int64) throws(IndexFailure) -> BlockIndex.Reservation {
        try index.reserve(place, bytes: bytes, for: owner.name, limit: limit, files, uses)
    }

    /// Writes pending uses and cancellations to the index.
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

    /// Cancels the reservations of processes that have ended.
    ///
    /// Returns whether a process was killed; one with reservations counts in the next call. A killed process may have
    /// removed files of blocks whose rows remain, since rows are deleted last.
    @discardableResult
    func cancelOfDeadOwners() throws(IndexFailure) -> Bool {
        let owners = Self.ownersPath(folder)
        let (dead, wasKilled) = try IndexFailure.wrapping {
            let lock = try FileLock(path: folder + "/lock", patience: Self.openingPatience)
            defer { withExtendedLifetime(lock) {} }
            let known = try index.owners()
            let dead = known.filter { !Owner.isAlive($0, folder: owners) }
            return (dead, Owner.removeDead(folder: owners, except: known))
        }
        for owner in dead { try index.cancelAll(of: owner, files) }
        return wasKilled
    }

    /// Removes the stores that were set aside.
    func removeDiscarded() throws(IndexFailure) {
        do {
            for path in try Self.discarded(folder) { try FileManager.default.removeItem(atPath: path) }
        } catch {
            throw IndexFailure(
                .unavailable, "a discarded part of the disk cache can't be removed: \(error.localizedDescription)")
        }
    }

    /// Notes that the index has all files.
    func noteSwept() throws(IndexFailure) {
        if let boot = Self.boot { try index.set("boot", to: boot) }
        isSwept.withLock { $0 = true }
    }

    // MARK: Paths

    /// Finds a part of a store that is a link, has the wrong type, or can be changed by other users.
    ///
    /// SQLite opens the index by name: it would follow links, and block on FIFOs.
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

    /// The kernel's boot ID; nil when the system doesn't provide it.
    private static let boot = try? String(contentsOfFile: "/proc/sys/kernel/random/boot_id", encoding: .utf8)
}
