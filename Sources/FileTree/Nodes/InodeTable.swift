import TwilioAPI

/// The nodes that the kernel knows, and the number of its references to each.
///
/// A node stays in the table while the kernel may name it. If two SIDs give the same number (among a million, once in
/// four million mounts), the second gets another, so the kernel never gets another recording's bytes.
struct InodeTable {
    private struct Entry {
        let node: Node
        var references: UInt64
    }

    /// The subaccounts by branch number, from 1 on.
    private let subaccounts: [SID]
    private var entries: [InodeNumber: Entry] = [:]

    /// The numbers of nodes that don't have their preferred number.
    ///
    /// Such a node keeps this number, by which the kernel knows it, even if its preferred number becomes free.
    private var displaced: [Node: InodeNumber] = [:]

    /// The attributes of files removed from their account, for programs with an open file.
    private var removed: [InodeNumber: Attributes] = [:]

    /// Makes a table with the root alone.
    init(subaccounts: [SID] = []) { self.subaccounts = subaccounts }

    /// The number of a node; without a reference, another node may get it at any time.
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

    /// The node with a number.
    func node(of number: InodeNumber) -> Node? {
        if number == .root { return Node(.directory(.root)) }
        return entries[number]?.node
    }

    /// Counts a reference of the kernel.
    mutating func refer(to node: Node) -> InodeNumber {
        let number = number(of: node)
        if number != InodeNumber(preferredBy: node.place, of: subaccount(of: node)) { displaced[node] = number }
        entries[number, default: Entry(node: node, references: 0)].references += 1
        return number
    }

    /// Takes back references; the last one frees the number.
    mutating func forget(_ number: InodeNumber, count: UInt64) {
        guard var entry = entries[number] else { return }
        entry.references -= min(count, entry.references)
        entries[number] = entry.references == 0 ? nil : entry
        if entry.references == 0 {
            displaced[entry.node] = nil
            removed[number] = nil
        }
    }

    /// Keeps the attributes of a file removed from its account while the kernel knows it.
    mutating func keep(_ attributes: Attributes, ofRemoved node: Node) {
        if entries[attributes.inode]?.node == node { removed[attributes.inode] = attributes }
    }

    /// The attributes of a file removed from its account; nil where they aren't kept.
    func attributes(ofRemoved number: InodeNumber) -> Attributes? { removed[number] }

    private func subaccount(of node: Node) -> SID? {
        node.branch == .main ? nil : subaccounts[Int(node.branch.rawValue) - 1]
    }
}
