import TwilioAPI

/// The nodes that the kernel knows, and how many of its references each has.
///
/// A node stays in the table as long as the kernel may name it. Should two recordings' SIDs give the same number, which
/// among a million happens once in four million mounts, the second one gets another: the wrong recording's bytes are
/// never served.
struct InodeTable {
    private struct Entry {
        let node: Node
        var references: UInt64
    }

    /// The subaccounts by the numbers of their branches, from 1 on.
    private let subaccounts: [SID]

    private var entries: [InodeNumber: Entry] = [:]

    /// The numbers of nodes that have another one than they prefer.
    ///
    /// Such a node keeps its number when the one that it prefers becomes free: the kernel knows it by that number.
    private var displaced: [Node: InodeNumber] = [:]

    /// The attributes of files that are gone from their account, for programs that have them open.
    private var removed: [InodeNumber: Attributes] = [:]

    /// Makes a table that knows the root alone.
    ///
    /// - Parameter subaccounts: in the order of the numbers of their branches, of which the first is 1.
    init(subaccounts: [SID] = []) {
        self.subaccounts = subaccounts
    }

    /// The number of a node; without a reference, it may be another's by the time that it is used.
    func number(of node: Node) -> InodeNumber {
        if let number = displaced[node] { return number }
        let subaccount = subaccount(of: node)
        var number = InodeNumber(preferredBy: node.place, of: subaccount)
        var attempt = 0
        while let entry = entries[number], entry.node != node {
            number = InodeNumber(attempt: attempt, by: node.place, of: subaccount)
            attempt += 1
        }
        return number
    }

    /// The node that the kernel means.
    func node(of number: InodeNumber) -> Node? {
        if number == .root { return Node(.directory(.root)) }
        return entries[number]?.node
    }

    /// Counts a reference that the kernel is given.
    mutating func refer(to node: Node) -> InodeNumber {
        let number = number(of: node)
        if number != InodeNumber(preferredBy: node.place, of: subaccount(of: node)) { displaced[node] = number }
        entries[number, default: Entry(node: node, references: 0)].references += 1
        return number
    }

    /// Takes back references; the last one lets the number go.
    mutating func forget(_ number: InodeNumber, count: UInt64) {
        guard var entry = entries[number] else { return }
        entry.references -= min(count, entry.references)
        entries[number] = entry.references == 0 ? nil : entry
        if entry.references == 0 {
            displaced[entry.node] = nil
            removed[number] = nil
        }
    }

    /// Keeps the attributes of a file that is gone from its account for as long as the kernel knows it.
    mutating func keep(_ attributes: Attributes, ofRemoved node: Node) {
        if entries[attributes.inode]?.node == node { removed[attributes.inode] = attributes }
    }

    /// The attributes of a file that is gone from its account; nil where they aren't kept.
    func attributes(ofRemoved number: InodeNumber) -> Attributes? { removed[number] }

    private func subaccount(of node: Node) -> SID? {
        node.branch == .main ? nil : subaccounts[Int(node.branch.rawValue) - 1]
    }
}
