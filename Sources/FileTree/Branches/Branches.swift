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

    /// The fixed entries of a directory, in the order of their cookies.
    func fixedEntries(of directory: Directory, in number: BranchNumber) -> [FixedEntry] {
        let branch = self[number]
        let fixed = directory.fixedEntries(showing: branch.kinds, hasCalls: branch.synchronizer.hasCalls)
        let entries = fixed.map { FixedEntry(name: $0.name, node: Node($0.place, in: number), cookie: $0.cookie) }
        switch (directory, number) {
        case (.root, .main):
            let accounts = FixedEntry(name: "accounts", node: Node(.directory(.accounts)), cookie: 48)
            let control = FixedEntry(name: ".twiliofs", node: Node(.directory(.control)), cookie: 49)
            return entries + (hasAccounts ? [accounts] : []) + [control]
        case (.accounts, _):
            return numbers.dropFirst().map {
                FixedEntry(
                    name: self[$0].account.description, node: Node(.directory(.root), in: $0),
                    cookie: FixedEntry.lastDotCookie + Int64($0.rawValue))
            }
        default: return entries
        }
    }

    /// The fixed entries of a directory with `.` and `..`, in the order of their cookies.
    func listedEntries(of directory: Directory, in number: BranchNumber) -> [FixedEntry] {
        [
            FixedEntry(name: ".", node: Node(.directory(directory), in: number), cookie: 1),
            FixedEntry(name: "..", node: parent(of: directory, in: number), cookie: FixedEntry.lastDotCookie),
        ] + fixedEntries(of: directory, in: number)
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
