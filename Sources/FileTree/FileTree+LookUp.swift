import Catalog
import Prefetching
import Support
import TwilioAPI

/// Finding names in directories.
extension FileTree {
    /// Finds a name in a directory.
    ///
    /// Waits for nothing but a recording that isn't listed. Whoever asks puts a bound to that, since other lookups in
    /// the directory wait as well.
    ///
    /// `.` and `..` are found in any node, also in one that the kernel doesn't know: so it turns the number of a file
    /// handle into a node.
    ///
    /// The answer counts as a reference, to be taken back with ``forget(_:count:)``.
    public func lookUp(_ name: String, in parent: InodeNumber, completion: @escaping Completion<Entry>) {
        do throws(FileTreeError) {
            if name == "." || name == ".." {
                try findByNumber(parent, isParent: name == "..", completion)
                return
            }
            let (directory, number) = try self.directory(parent)
            branch(number).synchronizer.noteUse()
            if let node = fixedEntries(of: directory, in: number).first(where: { $0.name == name })?.node {
                answer(node, validity: Self.longValidity, completion)
                return
            }
            switch directory {
            case .media, .metadataOf, .group:
                findRecording(named: name, in: directory, number, completion)
            case .date(let span) where span.unit == .day:
                findRecording(named: name, in: directory, number, completion)
            case .byDate:
                try find(DateSpan(yearNamed: name), named: name, number, completion)
            case .date(let span):
                try find(span.child(named: name), named: name, number, completion)
            case .byGroup(let grouping):
                try findGroup(named: name, grouping, number, completion)
            case .root, .metadata, .accounts, .control:
                throw Self.missing(name)
            }
        } catch {
            completion(.failure(error))
        }
    }

    /// Finds a recording's file, resource or link: that one recording is asked for, if the catalog doesn't have it.
    private func findRecording(
        named name: String, in directory: Directory, _ number: BranchNumber, _ completion: @escaping Completion<Entry>
    ) {
        let branch = branch(number)
        guard let (sid, suffix) = Self.parse(name), let kind = sid.kind, directory.kinds.contains(kind),
            branch.kinds.contains(kind)
        else {
            completion(.failure(Self.missing(name)))
            return
        }
        // What can't be read is left out as far as that is known: finding it out takes media, for which listings wait.
        branch.finder.find(sid, of: kind) { [self] outcome in
            answer(outcome, named: name, suffix: suffix, in: directory, number, completion)
        }
    }

    /// Answers with a recording that was found, unless it isn't in the directory.
    private func answer(
        _ outcome: ResourceFinder.Outcome, named name: String, suffix: String, in directory: Directory,
        _ number: BranchNumber, _ completion: @escaping Completion<Entry>
    ) {
        switch outcome {
        case .failure(let error):
            completion(.failure(inputOutput(error)))
        case .success(let entry?)
        where suffix == Self.suffix(of: entry, in: directory) && directory.holds(entry)
            && !branch(number).catalog.isHidden(entry):
            let node = Node(Self.place(of: entry, in: directory), in: number)
            answer(node, entry: entry, validity: validity(of: entry, in: number), completion)
        case .success:
            completion(.failure(Self.missing(name)))
        }
    }

    /// Answers a lookup and counts the reference.
    func answer(
        _ node: Node, entry: CatalogEntry? = nil, validity: Double, _ completion: @escaping Completion<Entry>
    ) {
        do throws(FileTreeError) {
            let attributes = try attributesWithName(of: node, entry: entry)
            if case .media(let sid, _) = node.place, attributes.validity > 0 {
                branch(node.branch).prefetcher.didAskSize(of: sid, isKnown: true)
            }
            _ = inodes.withLock { $0.refer(to: node) }
            completion(.success(Entry(attributes: attributes, validity: validity)))
        } catch {
            completion(.failure(error))
        }
    }

    // MARK: Names

    static func missing(_ name: String) -> FileTreeError {
        FileTreeError(.notFound, "there is no '\(name)' here")
    }

    /// Splits a recording's file name; nil for a name that can't be one.
    static func parse(_ name: String) -> (sid: SID, suffix: String)? {
        let parts = name.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, let sid = SID(parts[0]) else { return nil }
        return (sid, String(parts[1]))
    }

    static func suffix(of entry: CatalogEntry, in directory: Directory) -> String {
        if case .metadataOf = directory { "json" } else { entry.containerFormat }
    }

    /// What a recording is in a directory that holds it.
    static func place(of entry: CatalogEntry, in directory: Directory) -> Place {
        switch directory {
        case .metadataOf: .metadata(entry.sid, entry.kind)
        case .date: .link(entry.sid, entry.kind, .date)
        case .group: .link(entry.sid, entry.kind, .group)
        case .root, .media, .metadata, .byDate, .byGroup, .accounts, .control: .media(entry.sid, entry.kind)
        }
    }
}

extension Directory {
    /// Whether a recording of one of its kinds is in it.
    fileprivate func holds(_ entry: CatalogEntry) -> Bool {
        switch self {
        case .media, .metadataOf: true
        case .date(let span): entry.dateCreated.map(span.interval.contains) ?? false
        case .group(let group): entry.group == group
        case .root, .metadata, .byDate, .byGroup, .accounts, .control: false
        }
    }
}
