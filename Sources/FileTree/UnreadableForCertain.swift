import Catalog
import Threading
public import TwilioAPI

extension Readability.Unreadable {
    /// What certainly can't be read of an account, by what its catalog holds already: no key that is held may even be
    /// tried.
    ///
    /// Goes through the catalog, when there is such a thing.
    ///
    /// - Parameters:
    ///   - isHidden: whether it is left out of the directories.
    ///   - mayOpen: whether some key that is held may open what names a public key, or none, of a kind of recordings.
    public static func forCertain(
        in branch: Branch, isHidden: Bool, mayOpen: (SID?, MediaKind) -> Bool
    ) -> [Readability.Unreadable] {
        let requirements = (try? branch.catalog.requirements().values).map { Array($0) } ?? []
        let isPossible = requirements.contains { requirement in
            branch.kinds.contains { !isOpen(requirement, $0, mayOpen) }
        }
        guard isPossible, let counts = try? branch.catalog.requirementCounts() else { return [] }
        return counts.compactMap { requirement, kinds -> Readability.Unreadable? in
            let missing = kinds.filter { $0.value > 0 && !isOpen(requirement, $0.key, mayOpen) }
            guard !missing.isEmpty else { return nil }
            return Readability.Unreadable(
                requirement: requirement, kinds: Set(missing.keys), isHeldForOthers: missing.count < kinds.count,
                count: missing.values.sumSaturated(), isHidden: isHidden)
        }.sorted { $0.requirement.name < $1.requirement.name }
    }

    /// Whether a key that is held may be the one; of what is outside of Twilio that isn't asked.
    private static func isOpen(
        _ requirement: MediaRequirement, _ kind: MediaKind, _ mayOpen: (SID?, MediaKind) -> Bool
    ) -> Bool {
        switch requirement {
        case .privateKey(let sid): mayOpen(sid, kind)
        case .unnamedKey: mayOpen(nil, kind)
        case .bucket: true
        }
    }
}
