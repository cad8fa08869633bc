import Catalog
import TwilioAPI

/// The views by call and by room: what belongs together.
extension FileTree {
    /// Finds a call or a room.
    ///
    /// It is there when it has recordings. As long as the list isn't here, that may have to wait for the list.
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
        branch.synchronizer.whenListed(grouping.kinds) { [self] result in
            do throws(FileTreeError) {
                if case .failure(let error) = result {
                    throw FileTreeError(.inputOutput, error.message, cause: error)
                }
                guard try oldest(of: group, in: branch) != nil else { throw Self.missing(name) }
                answer(node, validity: Self.directoryValidity, completion)
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
