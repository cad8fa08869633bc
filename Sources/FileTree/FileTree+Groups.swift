import Catalog
import Support
import TwilioAPI

/// The views by call and by room: what belongs together.
extension FileTree {
    /// Finds a call or a room.
    ///
    /// It is there when it has recordings. As long as the list isn't here, it can't be known whether one has any: each
    /// is there then, for no time at all, and its attributes wait for the list.
    func findGroup(
        named name: String, _ grouping: Grouping, _ number: BranchNumber, _ completion: @escaping Completion<Entry>
    ) throws(FileTreeError) {
        guard let group = grouping.group(named: name) else { throw Self.missing(name) }
        let branch = branch(number)
        let node = Node(.directory(.group(group)), in: number)
        if try oldest(of: group, in: branch) != nil {
            answer(node, validity: Self.directoryValidity, completion)
            return
        }
        guard !grouping.kinds.allSatisfy(branch.synchronizer.isComplete) else { throw Self.missing(name) }
        answer(node, validity: 0, completion)
    }

    /// Tells the attributes of a call or a room without recordings once its list has some, or is complete.
    func awaitGroup(_ group: SID, _ node: Node, _ completion: @escaping Completion<Attributes>) {
        let branch = branch(node.branch)
        // Stale, not missing: the kernel asks for the name again then, which isn't found.
        let gone = FileTreeError(.stale, "\(group) has no recordings")
        let kinds = Grouping(of: group).kinds
        guard !kinds.allSatisfy(branch.synchronizer.isComplete) else {
            completion(.failure(gone))
            return
        }
        branch.synchronizer.whenListed(kinds) { [self] result in
            do throws(FileTreeError) {
                if case .failure(let error) = result {
                    throw FileTreeError(.inputOutput, error.message, cause: error)
                }
                guard try oldest(of: group, in: branch) != nil,
                    let attributes = try knownAttributes(of: node, entry: nil)
                else { throw kinds.allSatisfy(branch.synchronizer.isComplete) ? gone : Self.interrupted }
                completion(.success(attributes))
            } catch {
                completion(.failure(error))
            }
        }
    }

    /// The recording of a call or a room that was made first; nil when there is none.
    func oldest(of group: SID, in branch: Branch) throws(FileTreeError) -> CatalogEntry? {
        do throws(CatalogError) {
            return try branch.catalog.oldest(ofGroup: group, kinds: Grouping(of: group).kinds)
        } catch {
            throw inputOutput(error)
        }
    }
}
