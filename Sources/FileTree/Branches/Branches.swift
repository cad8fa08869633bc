import Sync
import TwilioAPI

/// The branches of the tree by number, and their fixed nodes.
struct Branches: Sendable {
    /// All branches, the mounted account's first.
    let all: [Branch]
    /// Whether subaccounts are visible, even if there are none.
    private let hasAccounts: Bool
    /// The names of recordings.
    let names: EntryNames

    /// - Parameter subaccounts: Nil if they are hidden.
    init(main: Branch, subaccounts: [Branch]?, names: EntryNames) {
        // The branch numbers limit the subaccounts; Twilio allows a thousand unless asked for more.
        all = [main] + (subaccounts ?? []).prefix(BranchNumber.subaccountLimit)
        hasAccounts = subaccounts != nil
        self.names = names
    }

    subscript(number: BranchNumber) -> Branch { all[Int(number.rawValue)] }

    /// The numbers of all branches, the mounted account's first.
    var numbers: [BranchNumber] { all.indices.map { BranchNumber(rawValue: UInt16($0)) } }

    /// The fixed entries of a directory, in the order of the listing.
    func fixedEntries(of directory: Directory, in number: BranchNumber) -> [(name: String, node: Node)] {
        let branch = self[number]
        let fixed = directory.fixedEntries(showing: branch.kinds, hasCalls: branch.synchronizer.hasCalls)
        let entries = fixed.map { ($0.name, Node($0.place, in: number)) }
        switch (directory, number) {
        case (.root, .main):
            let accounts = hasAccounts ? [("accounts", Node(.directory(.accounts)))] : []
            return entries + accounts + [(".twiliofs", Node(.directory(.control)))]
        case (.accounts, _):
            return numbers.dropFirst().map { (self[$0].account.description, Node(.directory(.root), in: $0)) }
        default: return entries
        }
    }

    /// The fixed nodes of a branch.
    func fixedNodes(of number: BranchNumber) -> [Node] {
        var nodes = [Node(.directory(.root), in: number)]
        var index = 0
        while index < nodes.count {
            if case .directory(let directory) = nodes[index].place {
                nodes += fixedEntries(of: directory, in: number).map(\.node).filter { $0.branch == number }
            }
            index += 1
        }
        return nodes
    }

    /// The directory above another.
    func parent(of directory: Directory, in number: BranchNumber) -> Node {
        directory == .root && number != .main
            ? Node(.directory(.accounts)) : Node(.directory(directory.parent), in: number)
    }
}
