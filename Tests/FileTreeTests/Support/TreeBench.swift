import Catalog
import Envelope
import Foundation
import Logging
import ModuleTestSupport
import Support
import Sync
import TestSupport
import Testing
import Transfer
import TwilioAPI
import TwilioSimulator

@testable import FileTree
@testable import Media
@testable import Prefetching
@testable import Readability

/// A tree over a simulated account, without a mount.
final class TreeBench: Sendable {
    let simulator: TwilioSimulator
    let catalog: Catalog
    let tree: FileTree
    let library: MediaLibrary
    let nodes: NodeRegistry

    /// The inodes that the kernel was told to ask about again.
    let expired = ExpiredInodes()

    /// The contents of the files about the mount itself.
    let texts = MadeUpTexts()
    private let folder: TemporaryFolder

    /// Whether the simulator and the folder are another bench's.
    private let isShared: Bool
    private let api: TestClient
    let synchronizer: Synchronizer
    private let finder: ResourceFinder
    private let writer: WriteQueue
    private let recorder: MediaRecorder
    private let prefetchWorker: WorkerPool

    /// Leaves out what can't be read, once it was started; nil where nothing is.
    let readability: Readability?

    static let ownership = Ownership(user: 1000, group: 100)

    /// Makes an account and mounts it.
    ///
    /// - Parameters:
    ///   - generated: how many voice recordings there are besides the files.
    ///   - keys: those that are held; nil for the account's own.
    ///   - window: what is shown.
    ///   - prefetchable: the media to prefetch; nil for the library.
    ///   - calls: whether the calls of voice recordings are asked for.
    ///   - linkNames: the names of links.
    ///   - listingPatience: how long listings wait until it is known what can't be read; nil where that isn't left out.
    convenience init(
        files: [String: [UInt8]] = [:], generated: Int = 0, keys: KeyRing? = nil,
        ownership: Ownership = TreeBench.ownership, window: CatalogWindow = CatalogWindow(),
        prefetchable: (any PrefetchableMedia)? = nil, calls: Bool = false, linkNames: LinkNames = .sid,
        listingPatience: Duration? = nil
    ) throws {
        let folder = try TemporaryFolder()
        for (name, content) in files { try folder.file("media/\(name)", content) }
        var configuration = try SimulatorConfiguration(
            mediaFolder: folder.folder("media"), publicKeys: [.init(pem: KeyPair.shared.publicPEM)])
        configuration.generatedRecordings = generated
        try self.init(
            simulator: try TwilioSimulator.start(configuration), folder: folder, isShared: false,
            keys: try keys ?? KeyPair.shared.ring(), ownership: ownership, window: window, prefetchable: prefetchable,
            calls: calls, linkNames: linkNames, listingPatience: listingPatience)
    }

    /// Mounts another bench's account once more, on its catalog; to be shut down before it.
    convenience init(
        again other: TreeBench, window: CatalogWindow = CatalogWindow(), calls: Bool = false,
        linkNames: LinkNames = .sid
    ) throws {
        try self.init(
            simulator: other.simulator, folder: other.folder, isShared: true, keys: KeyPair.shared.ring(),
            ownership: Self.ownership, window: window, prefetchable: nil, calls: calls, linkNames: linkNames,
            listingPatience: nil)
    }

    private init(
        simulator: TwilioSimulator, folder: TemporaryFolder, isShared: Bool, keys: KeyRing, ownership: Ownership,
        window: CatalogWindow, prefetchable: (any PrefetchableMedia)?, calls: Bool, linkNames: LinkNames,
        listingPatience: Duration?
    ) throws {
        self.simulator = simulator
        self.folder = folder
        self.isShared = isShared
        let quiet = Logger.silent
        api = try TestClient(simulator)
        let (client, transfer, account) = (api.client, api.transfer, api.client.account)
        catalog = try Catalog(folder: folder.path("catalog"), window: window, logger: quiet)
        writer = try WriteQueue()
        catalog.groups.createIndex(on: writer)
        finder = ResourceFinder(catalog: catalog, client: client, writer: writer)
        nodes = NodeRegistry(kernel: expired)
        recorder = MediaRecorder(catalog: catalog, writer: writer, delegate: nodes, logger: quiet)
        library = try MediaLibrary(
            clients: TwilioClients(main: client), transfer: transfer, keys: keys,
            configuration: MediaLibrary.Configuration(spoolFolder: folder.url.path, threadCount: 1), observer: recorder,
            logger: quiet)
        synchronizer = try Synchronizer(
            catalog: catalog, client: client, finder: finder, settings: SyncSettings(fetchesCalls: calls),
            workers: SyncWorkers(writer: writer),
            delegate: RemovalNotices(nodes: nodes, library: library, ownership: ownership), logger: quiet)
        prefetchWorker = try WorkerPool(name: "prefetch", threadCount: 1)
        let main = Branch(
            account: account, catalog: catalog, synchronizer: synchronizer, finder: finder,
            prefetcher: Prefetcher(
                catalog: catalog, library: prefetchable ?? library, worker: prefetchWorker, logger: quiet))
        if let listingPatience {
            readability = Readability(
                accounts: [SurveyedAccount(account, catalog: catalog, synchronizer: synchronizer)], library: library,
                isHiding: true, listingPatience: listingPatience, logger: quiet)
        } else {
            readability = nil
        }
        tree = FileTree(
            main: main, nodes: nodes, library: library, controlFiles: texts, readability: readability,
            linkNames: linkNames, ownership: ownership)
    }

    /// Takes the catalog away, as somebody does who clears a folder of caches.
    func loseCatalog() throws {
        // The catalog's threads remove files of theirs meanwhile.
        try wait(until: "the folder is gone") {
            try? FileManager.default.removeItem(atPath: folder.path("catalog"))
            return access(folder.path("catalog"), F_OK) != 0
        }
    }

    /// To be called at the end of a test: threads hold the parts until then.
    func shutDown() {
        api.shutDown()
        readability?.shutDown()
        synchronizer.shutDown()
        prefetchWorker.shutDown()
        library.shutDown()
        writer.shutDown()
        guard !isShared else { return }
        simulator.stop()
    }

    /// The SID that the simulator gave to a file.
    func sid(_ name: String) throws -> String {
        try #require(simulator.manifest.first { $0.value.name == name }?.key)
    }

    // MARK: What a caller of the tree does, and waits for

    func lookUp(_ name: String, in parent: InodeNumber = .root) throws -> Entry {
        let results = Awaited<Result<Entry, FileTreeError>>()
        tree.lookUp(name, in: parent) { results.add($0) }
        return try results.value().get()
    }

    /// Looks up each component of a path, and asks for the attributes of the last one, as `stat` does.
    ///
    /// When the node turns out to be stale, its name is looked up once more, as the kernel does.
    func find(_ path: String) throws -> Attributes {
        for isLast in [false, true] {
            var inode = InodeNumber.root
            for name in path.split(separator: "/") { inode = try lookUp(String(name), in: inode).attributes.inode }
            do {
                return try attributes(inode)
            } catch let error as FileTreeError {
                if ![.stale, .media(.changed)].contains(error.code) || isLast { throw error }
            }
        }
        throw FileTreeError(.stale, path)
    }

    /// - Parameter file: the open file that is being read.
    func attributes(_ inode: InodeNumber, openedAs file: OpenFile? = nil) throws -> Attributes {
        let results = Awaited<Result<Attributes, FileTreeError>>()
        tree.attributes(of: inode, openedAs: file) { results.add($0) }
        return try results.value().get()
    }

    func extendedAttributes(of inode: InodeNumber) throws -> [(name: String, value: String)] {
        let results = Awaited<Result<[(name: String, value: String)], FileTreeError>>()
        tree.extendedAttributes(of: inode) { results.add($0) }
        return try results.value().get()
    }

    func roomForAttributeNames(of inode: InodeNumber) throws -> Int {
        let results = Awaited<Result<Int, FileTreeError>>()
        tree.roomForAttributeNames(of: inode) { results.add($0) }
        return try results.value().get()
    }

    func target(of inode: InodeNumber) throws -> String {
        let results = Awaited<Result<String, FileTreeError>>()
        tree.target(of: inode) { results.add($0) }
        return try results.value().get()
    }

    func entries(of handle: DirectoryHandle, after cookie: Int64, limit: Int) throws -> [DirectoryEntry] {
        let results = Awaited<Result<[DirectoryEntry], FileTreeError>>()
        tree.entries(of: handle, after: cookie, limit: limit) { results.add($0) }
        return try results.value().get()
    }

    func openDirectory(_ inode: InodeNumber) throws -> DirectoryHandle {
        let results = Awaited<Result<DirectoryHandle, FileTreeError>>()
        tree.openDirectory(inode) { results.add($0) }
        return try results.value().get()
    }

    func list(_ inode: InodeNumber, limit: Int = 1000) throws -> [DirectoryEntry] {
        let handle = try openDirectory(inode)
        var found: [DirectoryEntry] = []
        while true {
            let entries = try entries(of: handle, after: found.last?.cookie ?? 0, limit: limit)
            #expect(entries.count <= limit)
            if entries.isEmpty { return found }
            found += entries
        }
    }

    func open(_ inode: InodeNumber) throws -> OpenFile {
        let results = Awaited<Result<OpenFile, FileTreeError>>()
        tree.open(inode) { results.add($0) }
        return try results.value().get()
    }

    func content(_ path: String) throws -> [UInt8] {
        try read(open(find(path).inode), count: 1 << 20)
    }

    /// Reads the beginning of an open file, which is closed no sooner than that.
    func read(_ file: OpenFile, count: Int) throws -> [UInt8] {
        try withExtendedLifetime(file) {
            switch file.content {
            case .bytes(let bytes): return Array(bytes.prefix(count))
            case .media(let reader):
                return try reader.read(at: 0, count: count)
            }
        }
    }
}

/// Texts as long as a test wants, in the place of those about a mount.
final class MadeUpTexts: ControlFileContents {
    private let count = Locked<Int?>(5)

    /// Changes the length of the texts; nil for texts that can't be made.
    func set(_ count: Int?) { self.count.withLock { $0 = count } }

    func text(of file: ControlFile) throws(FileTreeError) -> ControlFileText {
        guard let count = count.withLock({ $0 }) else { throw FileTreeError(.inputOutput, "no text") }
        return ControlFileText(bytes: Array(repeating: 1, count: count), padding: file == .version ? nil : 2)
    }
}

/// Notes the inodes that are expired, as the kernel's side of a mount.
final class ExpiredInodes: KernelCache {
    let notices = Awaited<[InodeNumber]>()

    func expire(_ inodes: [InodeNumber]) { notices.add(inodes) }
}
