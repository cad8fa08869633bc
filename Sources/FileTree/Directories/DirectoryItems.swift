import Catalog
import TwilioAPI

/// An entry of a directory's listing that comes from the catalog.
struct DirectoryItem {
    let name: String
    let place: Place
    var entry: CatalogEntry?
    /// Its position; grows along the listing.
    let number: Int64
    /// Whether the recording keeps the name.
    var isNameFinal = true
}

/// Reads the entries of a directory from the catalog.
struct DirectoryItems {
    let directory: Directory
    let branch: Branch
    let names: EntryNames
    /// The position of the last recording whose readable name is certain; nil where all names are.
    let lastNamed: Int64?

    /// The next entries; empty only at the end.
    ///
    /// - Parameter number: The position of the previous entry; 0 to begin.
    func items(after number: Int64, limit: Int) throws(CatalogError) -> [DirectoryItem] {
        switch directory {
        case .byDate: return try DateView(branch: branch).spans(of: nil, after: number, limit: limit).map(Self.item)
        case .date(let span) where span.unit != .day:
            return try DateView(branch: branch).spans(of: span, after: number, limit: limit).map(Self.item)
        case .byNumber:
            return try branch.catalog.groups.numbers(after: number, limit: limit).map {
                DirectoryItem(name: $0.name, place: .directory(.number($0)), number: $0.storedNumber + 1)
            }
        case .byGroup(let grouping):
            return try grouping.groups(in: branch.catalog, after: number, limit: limit).map {
                DirectoryItem(name: $0.group.description, place: .directory(.group($0.group)), number: $0.place)
            }
        case .media, .metadataOf, .date, .group, .number: return try recordings(after: number, limit: limit)
        case .root, .metadata, .accounts, .control: return []
        }
    }

    private static func item(_ span: DateSpan) -> DirectoryItem {
        DirectoryItem(name: span.name, place: .directory(.date(span)), number: Int64(span.number))
    }

    private func recordings(after number: Int64, limit: Int) throws(CatalogError) -> [DirectoryItem] {
        var number = number
        while true {
            let entries = try entries(after: number, limit: limit)
            var items: [DirectoryItem] = []
            for (entry, place) in entries {
                if let item = try item(entry, number: place) { items.append(item) }
            }
            // Some may have been left out, which must not seem to be the end.
            guard items.isEmpty, let last = entries.last else { return items }
            number = last.place
        }
    }

    private func entries(
        after number: Int64, limit: Int
    ) throws(CatalogError) -> [(entry: CatalogEntry, place: Int64)] {
        switch directory {
        case .media(let kind), .metadataOf(let kind):
            return try branch.catalog.entries(of: kind, after: number, limit: limit).map { ($0, $0.position) }
        case .group(let group):
            return try branch.catalog.groups.entries(
                of: group, kinds: directory.kinds, after: number, limit: limit
            ).map { ($0, $0.position) }
        case .number(let group):
            return try branch.catalog.groups.entries(of: group, after: number, limit: limit).map { ($0, $0.position) }
        case .date(let span):
            return try DateView(branch: branch).entries(of: span, after: number, limit: limit)
        case .root, .metadata, .byDate, .byGroup, .byNumber, .accounts, .control: return []
        }
    }

    /// The item of a recording; nil if the directory doesn't have it any more, or its name isn't certain yet.
    private func item(_ entry: CatalogEntry, number: Int64) throws(CatalogError) -> DirectoryItem? {
        let needsCall = directory.needsCalls || names.areReadable(in: directory)
        let call = needsCall ? try branch.call(of: entry) : nil
        guard let place = try branch.place(of: entry, in: directory, call: call) else { return nil }
        let isFinal = names.isFinal(entry, in: directory, call: call)
        // It came after the directory was opened, so nobody has waited for its call: the next listing has it.
        if !isFinal, let lastNamed, entry.position > lastNamed { return nil }
        return DirectoryItem(
            name: names.name(of: entry, in: directory, call: call), place: place, entry: entry, number: number,
            isNameFinal: isFinal)
    }
}
