import Catalog
public import Media
public import Readability
public import Support
public import TwilioAPI

/// The mount as a tree of directories and files: names, numbers, attributes, contents.
///
/// It is independent of libfuse, so tests need no mount. Answers that require no request come at once, on the caller's
/// thread; others come later, on any thread.
public final class FileTree: Sendable {
    private let branches: Branches
    private let nodes: NodeRegistry
    private let library: MediaLibrary
    private let attributes: AttributeProvider
    private let names: NameLookup
    private let numbers: NumberLookup
    private let lister: DirectoryLister
    private let opener: FileOpener

    /// Makes a tree.
    ///
    /// - Parameters:
    ///   - main: The branch of the mounted account.
    ///   - subaccounts: The branches of its subaccounts, in the order of the listing; nil if they are hidden.
    ///   - nodes: A registry for the same subaccounts in the same order.
    ///   - readability: Knows the unreadable recordings; nil if they aren't hidden.
    ///   - linkNames: The names of links.
    ///   - ownership: The owner of all files.
    public init(
        main: Branch, subaccounts: [Branch]? = nil, nodes: NodeRegistry, library: MediaLibrary,
        controlFiles contents: any ControlFileContents, readability: Readability? = nil,
        linkNames: LinkNames = .sid, ownership: Ownership
    ) {
        precondition(
            MediaKind.allCases.allSatisfy {
                InodeNumber.kinds.contains($0.rawValue) && PlaceInDay.kinds.contains($0.rawValue)
            }, "a kind of media has no inode numbers, or no place in the listing of a day")
        branches = Branches(main: main, subaccounts: subaccounts, names: EntryNames(style: linkNames))
        self.nodes = nodes
        self.library = library
        // The registry derives numbers from its accounts.
        assert(branches.all.dropFirst().map(\.account) == nodes.subaccounts)
        let controlFiles = ControlFiles(contents: contents)
        let validity = NameValidity(readability: readability)
        attributes = AttributeProvider(
            branches: branches, nodes: nodes, library: library, controlFiles: controlFiles, ownership: ownership)
        names = NameLookup(branches: branches, nodes: nodes, attributes: attributes, validity: validity)
        numbers = NumberLookup(branches: branches, nodes: nodes, attributes: attributes)
        lister = DirectoryLister(branches: branches, nodes: nodes, attributes: attributes, validity: validity)
        opener = FileOpener(branches: branches, library: library, controlFiles: controlFiles)
    }

    // MARK: Names

    /// Finds a name in a directory.
    ///
    /// Waits only for a recording that isn't listed. The caller bounds that wait, since other lookups in the directory
    /// wait too.
    ///
    /// Every node has `.` and `..`, even one that the kernel doesn't know: the kernel resolves file handles with them.
    ///
    /// The answer counts as a reference, to be returned with ``forget(_:count:)``.
    public func lookUp(_ name: String, in parent: InodeNumber, completion: @escaping TreeCompletion<Entry>) {
        if name == "." || name == ".." {
            numbers.find(parent, isParent: name == "..", completion: completion)
        } else {
            names.find(name, in: parent, completion: completion)
        }
    }

    /// Takes back references to a node.
    public func forget(_ inode: InodeNumber, count: UInt64) { nodes.forget(inode, count: count) }

    /// Counts a reference to an entry whose attributes a listing is about to report.
    ///
    /// - Returns: The entry to report: with another number if an entry before it has got the one that both prefer.
    public func refer(to entry: DirectoryEntry) -> DirectoryEntry {
        var entry = entry
        entry.inode = nodes.refer(to: entry.node)
        entry.attributes?.inode = entry.inode
        return entry
    }

    /// The target of a symbolic link, relative to its directory.
    public func target(of inode: InodeNumber, completion: @escaping TreeCompletion<String>) {
        do throws(FileTreeError) {
            let node = try nodes.node(inode)
            guard case .link(let sid, _, let view) = node.place else {
                throw FileTreeError(.invalid, "only symbolic links can be read as such")
            }
            branches[node.branch].whenFound(sid) { branch throws(FileTreeError) in
                view.target(of: try branch.entry(of: sid))
            } completion: {
                completion($0)
            }
        } catch {
            completion(.failure(error))
        }
    }

    /// Finds out the path of a node below the mount point (`.` for the root), and its recording.
    public typealias Locator = @Sendable () -> (path: String, recording: SID?)

    /// A locator of a node, which reads the catalog when it is called, on any thread; nil for a number without a node.
    public func locator(of inode: InodeNumber) -> Locator? {
        guard let node = nodes.knownNode(inode) else { return nil }
        return { [branches] in branches.location(of: node) }
    }

    // MARK: Attributes

    /// The attributes of a node; waits for an unknown size.
    ///
    /// - Parameter file: The open file that is being read, if any. It keeps its attributes when its recording is
    ///   removed from the account, or lost with the catalog; other requests get an error. Content in memory has its own
    ///   size, whatever has become of the resource.
    public func attributes(
        of inode: InodeNumber, openedAs file: OpenFile? = nil, completion: @escaping TreeCompletion<Attributes>
    ) {
        if file != nil, let kept = nodes.attributes(ofRemoved: inode) { return completion(.success(kept)) }
        do throws(FileTreeError) {
            attributes.attributes(of: try nodes.node(inode), openedAs: file, completion: completion)
        } catch {
            completion(.failure(error))
        }
    }

    /// The extended attributes of a node, names and values; only media has some.
    public func extendedAttributes(
        of inode: InodeNumber, completion: @escaping TreeCompletion<[(name: String, value: String)]>
    ) { knownAttributes(of: inode) { completion($0.map { $0?.values ?? [] }) } }

    /// The bytes that suffice for the names of a node's extended attributes, each with a zero byte, even if more of
    /// them become known before the names are asked for.
    public func roomForAttributeNames(of inode: InodeNumber, completion: @escaping TreeCompletion<Int>) {
        knownAttributes(of: inode) { completion($0.map { $0?.longestListing ?? 0 }) }
    }

    /// The extended attributes of media; nil for any other node.
    private func knownAttributes(
        of inode: InodeNumber, completion: @escaping TreeCompletion<ExtendedAttributes?>
    ) {
        do throws(FileTreeError) {
            let node = try nodes.node(inode)
            guard case .media(let sid, _) = node.place else { return completion(.success(nil)) }
            branches[node.branch].whenFound(sid) { [library] branch throws(FileTreeError) in
                let resource = try branch.resource(of: sid)
                let call = try branch.query { _ throws(CatalogError) in
                    try resource.groupSID.flatMap { sid throws(CatalogError) in try branch.call(sid) }
                }
                return ExtendedAttributes(
                    resource: resource, call: call, facts: try branch.knownFacts(of: sid),
                    integrity: library.integrity(of: sid), stored: try branch.storedIntegrity(of: sid))
            } completion: {
                completion($0.map { $0 })
            }
        } catch {
            completion(.failure(error))
        }
    }

    /// The number of completed recordings, and the sum of the known sizes in bytes.
    public func totals() throws(FileTreeError) -> (files: Int64, bytes: Int64) {
        var sum: (files: Int64, bytes: Int64) = (0, 0)
        for branch in branches.all {
            let tallies = try branch.query { catalog throws(CatalogError) in try catalog.tallies() }
            for tally in tallies where tally.status == .completed {
                sum = (sum.files.addingSaturated(tally.count), sum.bytes.addingSaturated(tally.knownBytes))
            }
        }
        return sum
    }

    // MARK: Directories and files

    /// Opens a directory once its list is complete; waits a minute at most to know its hidden recordings.
    public func openDirectory(_ inode: InodeNumber, completion: @escaping TreeCompletion<DirectoryHandle>) {
        do throws(FileTreeError) {
            let (directory, number) = try nodes.directory(inode)
            lister.open(directory, in: number, completion: completion)
        } catch {
            completion(.failure(error))
        }
    }

    /// The next entries of a directory; empty only at the end.
    ///
    /// Waits only when the catalog was replaced since the directory was opened.
    ///
    /// - Parameters:
    ///   - cookie: The cookie of the entry before; 0 to begin.
    ///   - limit: The greatest number of entries.
    public func entries(
        of handle: DirectoryHandle, after cookie: Int64, limit: Int,
        completion: @escaping TreeCompletion<[DirectoryEntry]>
    ) { lister.entries(of: handle, after: cookie, limit: limit, completion: completion) }

    /// Opens a file for reading.
    public func open(_ inode: InodeNumber, completion: @escaping TreeCompletion<OpenFile>) {
        do throws(FileTreeError) {
            opener.open(try nodes.node(inode), completion: completion)
        } catch {
            completion(.failure(error))
        }
    }

    /// Translates an error of reading an open file to the tree's, once its meaning is known.
    public func translate(
        _ error: MediaError, of file: OpenFile, completion: @escaping @Sendable (FileTreeError) -> Void
    ) { MediaFailures(library: library).translate(error, in: branches[file.branch], completion: completion) }
}
