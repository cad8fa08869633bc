import Catalog
import Support
import Sync
import TwilioAPI

/// Finds names in directories.
final class NameLookup: Sendable {
    private let branches: Branches
    private let nodes: NodeRegistry
    private let attributes: AttributeProvider
    private let validity: NameValidity

    init(branches: Branches, nodes: NodeRegistry, attributes: AttributeProvider, validity: NameValidity) {
        self.branches = branches
        self.nodes = nodes
        self.attributes = attributes
        self.validity = validity
    }

    /// Finds a name in a directory, waiting only for a recording that isn't listed; counts the reference.
    func find(_ name: String, in parent: InodeNumber, completion: @escaping TreeCompletion<Entry>) {
        do throws(FileTreeError) {
            let (directory, number) = try nodes.directory(parent)
            branches[number].synchronizer.noteUse()
            if let node = branches.fixedEntries(of: directory, in: number).first(where: { $0.name == name })?.node {
                return completion(.success(try attributes.lookedUp(node, validity: Validity.long)))
            }
            switch directory {
            case .media, .metadataOf, .group, .number: findRecording(named: name, in: directory, number, completion)
            case .date(let span) where span.unit == .day: findRecording(named: name, in: directory, number, completion)
            case .byDate: completion(.success(try find(DateSpan(yearNamed: name), named: name, number)))
            case .date(let span): completion(.success(try find(span.child(named: name), named: name, number)))
            case .byGroup(let grouping): completion(.success(try findGroup(named: name, grouping, number)))
            case .byNumber: completion(.success(try findNumber(named: name, number)))
            case .root, .metadata, .accounts, .control: throw .missing(name)
            }
        } catch {
            completion(.failure(error))
        }
    }

    /// Finds a year, a month or a day.
    ///
    /// While the lists are incomplete, every date that may have recordings is found, so that a program can list a day
    /// even of a large account.
    ///
    /// - Parameter span: The date that the name means; nil if it means none.
    private func find(_ span: DateSpan?, named name: String, _ number: BranchNumber) throws(FileTreeError) -> Entry {
        guard let span, try DateView(branch: branches[number]).mayExist(span) else { throw .missing(name) }
        return try attributes.lookedUp(Node(.directory(.date(span)), in: number), validity: Validity.short)
    }

    /// Finds a call or a room with recordings.
    ///
    /// While the list is incomplete, every call and room is found, with a validity of 0; its attributes wait for the
    /// list.
    private func findGroup(
        named name: String, _ grouping: Grouping, _ number: BranchNumber
    ) throws(FileTreeError) -> Entry {
        guard let group = grouping.group(named: name) else { throw .missing(name) }
        let branch = branches[number]
        let node = Node(.directory(.group(group)), in: number)
        switch try branch.look(forOldestOf: group) {
        case .found(let oldest): return try attributes.lookedUp(node, oldest, validity: Validity.short)
        case .absent: throw .missing(name)
        case .unknown: return try attributes.lookedUp(node, validity: 0)
        }
    }

    /// Finds a telephone number with recordings.
    ///
    /// While the calls are incomplete, every number is found, with a validity of 0; its attributes wait for the calls.
    private func findNumber(named name: String, _ number: BranchNumber) throws(FileTreeError) -> Entry {
        guard let group = NumberGroup(named: name) else { throw .missing(name) }
        let branch = branches[number]
        let node = Node(.directory(.number(group)), in: number)
        switch try branch.look(forOldestOf: group) {
        case .found(let oldest): return try attributes.lookedUp(node, oldest, validity: Validity.short)
        case .absent: throw .missing(name)
        case .unknown: return try attributes.lookedUp(node, validity: 0)
        }
    }

    /// Finds a recording's file, resource or link; asks Twilio for a recording that the catalog doesn't have.
    private func findRecording(
        named name: String, in directory: Directory, _ number: BranchNumber,
        _ completion: @escaping TreeCompletion<Entry>
    ) {
        let branch = branches[number]
        guard let recording = branches.names.recording(named: name, in: directory), let kind = recording.sid.kind,
            directory.kinds.contains(kind), branch.kinds.contains(kind)
        else { return completion(.failure(.missing(name))) }
        // What isn't in the catalog would be refused like the list, with a request for each name.
        guard (try? branch.entry(of: recording.sid)) == nil else {
            return find(recording, of: kind, named: name, in: directory, number, completion)
        }
        branch.synchronizer.whenRefusalIsKnown(of: kind) { [self] refusal in
            if let refusal { return completion(.failure(.list(refusal))) }
            find(recording, of: kind, named: name, in: directory, number, completion)
        }
    }

    /// Finds the name of a recording whose list isn't refused, or that the catalog has.
    private func find(
        _ recording: RecordingName, of kind: MediaKind, named name: String, in directory: Directory,
        _ number: BranchNumber, _ completion: @escaping TreeCompletion<Entry>
    ) {
        let branch = branches[number]
        // Recordings that are known to be unreadable are hidden. Only listings wait until that is known of all.
        branch.finder.find(recording.sid, of: kind) { [self] outcome in
            do throws(FileTreeError) {
                guard let entry = try outcome.mapError(FileTreeError.lookup).get(),
                    recording.suffix == directory.suffix(of: entry),
                    !branch.catalog.requirements.isHidden(entry)
                else { throw .missing(name) }
                if let found = try find(entry, named: name, in: directory, number) {
                    completion(.success(found))
                } else {
                    try findOnceCallIsKnown(entry, named: name, in: directory, number, completion)
                }
            } catch {
                completion(.failure(error))
            }
        }
    }

    /// Finds a recording whose name or place may depend on its call, which the catalog may not have yet.
    private func findOnceCallIsKnown(
        _ entry: CatalogEntry, named name: String, in directory: Directory, _ number: BranchNumber,
        _ completion: @escaping TreeCompletion<Entry>
    ) throws(FileTreeError) {
        let branch = branches[number]
        let dependsOnCall = directory.needsCalls || branches.names.areReadable(in: directory)
        let isKnown = try branch.query { _ throws(CatalogError) in try branch.call(of: entry) != nil }
        guard dependsOnCall, entry.group != nil, entry.kind.group == .call, !isKnown else { throw .missing(name) }
        branch.whenCallKnown(of: entry) { [self] result in
            do throws(FileTreeError) {
                if case .failure(let error) = result { throw .list(error) }
                guard let found = try find(entry, named: name, in: directory, number) else { throw .missing(name) }
                completion(.success(found))
            } catch {
                completion(.failure(error))
            }
        }
    }

    /// Finds a recording that has this name in this directory; nil if it hasn't.
    private func find(
        _ entry: CatalogEntry, named name: String, in directory: Directory, _ number: BranchNumber
    ) throws(FileTreeError) -> Entry? {
        let (branch, names) = (branches[number], branches.names)
        let call: CallDescription? =
            directory.needsCalls || names.areReadable(in: directory)
            ? try branch.query { _ throws(CatalogError) in try branch.call(of: entry) } : nil
        let place = try branch.query { _ throws(CatalogError) in
            try branch.place(of: entry, in: directory, call: call)
        }
        let isListed = names.name(of: entry, in: directory, call: call) == name
        guard let place, isListed || names.isEarlier(name, of: entry, in: directory) else { return nil }
        let node = Node(place, in: number)
        let isFinal = isListed && names.isFinal(entry, in: directory, call: call)
        return try attributes.lookedUp(node, entry, validity: validity.of(node, entry, isFinal: isFinal))
    }
}
