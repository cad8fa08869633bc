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
            case .media, .metadataOf, .group: findRecording(named: name, in: directory, number, completion)
            case .date(let span) where span.unit == .day: findRecording(named: name, in: directory, number, completion)
            case .byDate: completion(.success(try find(DateSpan(yearNamed: name), named: name, number)))
            case .date(let span): completion(.success(try find(span.child(named: name), named: name, number)))
            case .byGroup(let grouping): completion(.success(try findGroup(named: name, grouping, number)))
            case .root, .metadata, .accounts, .control: throw .missing(name)
            }
        } catch {
            completion(.failure(error))
        }
    }

    /// Finds a year, a month or a day.
    ///
    /// While the lists are incomplete, every date that may have recordings is found: a program can list one, whatever
    /// the size of the account.
    ///
    /// - Parameter span: The meaning of the name; nil without one.
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
        if let oldest = try branch.oldest(ofGroup: group) {
            return try attributes.lookedUp(node, oldest, validity: Validity.short)
        }
        guard !branch.isListed(grouping.kinds) else { throw .missing(name) }
        return try attributes.lookedUp(node, validity: 0)
    }

    /// Finds a recording's file, resource or link; asks Twilio for a recording that the catalog doesn't have.
    private func findRecording(
        named name: String, in directory: Directory, _ number: BranchNumber,
        _ completion: @escaping TreeCompletion<Entry>
    ) {
        let branch = branches[number]
        guard let recording = RecordingName(name), let kind = recording.sid.kind, directory.kinds.contains(kind),
            branch.kinds.contains(kind)
        else { return completion(.failure(.missing(name))) }
        // Known unreadable recordings are hidden. Only listings wait for the media that decides about others.
        branch.finder.find(recording.sid, of: kind) { [self] outcome in
            do throws(FileTreeError) {
                guard let entry = try outcome.mapError(FileTreeError.lookup).get(),
                    recording.suffix == directory.suffix(of: entry), directory.holds(entry),
                    !branch.catalog.requirements.isHidden(entry)
                else { throw .missing(name) }
                let node = Node(directory.place(of: entry), in: number)
                completion(.success(try attributes.lookedUp(node, entry, validity: validity.of(node, entry))))
            } catch {
                completion(.failure(error))
            }
        }
    }
}
