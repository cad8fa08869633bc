/// Is what a list request asks for, after its parameters were read.
struct ListQuery {
    /// The kind of resource.
    let kind: MediaKind
    /// When the resources were created.
    var created = Instant(seconds: .min / 2)..<Instant(seconds: .max / 2)
    /// The order of the list.
    var order = Behaviour.ListOrder.newestFirst
    /// The place after which the page begins; nil for a page that begins with the list, or is found by counting.
    var after: Position?
    /// How many resources of the list are on the pages before.
    var skipped = 0
    /// The most resources on the page.
    var limit: Int
    /// Members that have one of the given texts.
    ///
    /// A member inside of another is written with a dot, and members of which one suffices are parted by commas.
    var filters: [(member: String, values: [String])] = []
    /// Whether voice recordings that were deleted are listed.
    var includesDeleted = true

    /// Tells whether a resource, as rendered, passes the filters.
    func accepts(_ resource: JSONValue) -> Bool {
        filters.allSatisfy { filter in
            let names = filter.member.split(separator: ",")
            return names.contains { name in
                let member = name.split(separator: ".").reduce(JSONValue?.some(resource)) { $0?[String($1)] }
                return member?.string.map(filter.values.contains) ?? false
            }
        }
    }
}
