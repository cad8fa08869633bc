/// Holds all that the account has.
///
/// A value without locks or I/O; its owner serialises access.
struct AccountState: Sendable {
    /// A public key that was uploaded.
    struct PublicKey {
        /// Its SID.
        let sid: String
        /// Its name.
        let friendlyName: String
        /// When it was uploaded.
        let created: Instant
        /// The key.
        let key: RecipientKey
    }

    /// The resources, each kind in the order of its list.
    private var resources: [MediaKind: [StoredResource]] = [:]
    /// The place of each resource, to find it by SID.
    private var positions: [String: (kind: MediaKind, position: Position)] = [:]
    /// The generated recordings; deleting one replaces it by a stored one.
    let generated: GeneratedRecordings?
    private var replaced: Set<Int> = []

    /// The public keys, oldest first.
    var publicKeys: [PublicKey] = []
    /// `RecordingSettings/Default` and `CompositionSettings/Default`, by the name in the path.
    var settings: [String: [String: JSONValue]] = [:]
    /// How often each voice recording's media was asked for.
    var mediaRequests: [String: Int] = [:]

    init(generated: GeneratedRecordings?) {
        self.generated = generated
    }

    /// Gives a resource, or nil when there is none with that SID.
    func resource(sid: String) -> StoredResource? {
        if let place = positions[sid] {
            let list = resources[place.kind] ?? []
            return list[Self.index(of: place.position, in: list)]
        }
        guard let generated, sid.hasPrefix("RE"), let number = generated.number(ofSID: sid),
            !replaced.contains(number)
        else { return nil }
        return generated.resource(number)
    }

    /// All resources but the generated ones.
    var stored: [StoredResource] { MediaKind.allCases.flatMap { resources[$0] ?? [] } }

    /// Adds a resource, in place of one with the same SID.
    mutating func put(_ resource: StoredResource) {
        remove(sid: resource.sid)
        var list = resources[resource.kind] ?? []
        list.insert(resource, at: Self.index(of: resource.position, in: list))
        resources[resource.kind] = list
        positions[resource.sid] = (resource.kind, resource.position)
    }

    /// Removes a resource without a trace.
    mutating func remove(sid: String) {
        if let place = positions.removeValue(forKey: sid) {
            let index = Self.index(of: place.position, in: resources[place.kind] ?? [])
            resources[place.kind]?.remove(at: index)
        } else if sid.hasPrefix("RE"), let number = generated?.number(ofSID: sid) {
            replaced.insert(number)
        }
    }

    /// Finds a page.
    ///
    /// - Parameter render: shows a resource as the API does.
    func page(_ query: ListQuery, render: (StoredResource) -> JSONValue) -> ListPage {
        var page = ListPage()
        let list = resources[query.kind] ?? []
        let newest = Position(created: query.created.upperBound, sid: "")
        var index = Self.index(of: max(newest, query.after ?? newest), in: list)
        var numbers = generatedNumbers(query)

        while true {
            let storedNext = index < list.count && list[index].created >= query.created.lowerBound ? list[index] : nil
            while let number = numbers.first, replaced.contains(number) { numbers.removeFirst() }
            let generatedPosition = numbers.first.flatMap { generated?.position($0) }
            let next: StoredResource
            if let stored = storedNext, generatedPosition.map({ stored.position < $0 }) ?? true {
                next = stored
                index += 1
                // The token's own resource is the one place that is equal to it.
                if stored.position == query.after { continue }
            } else if let generated, let number = numbers.first {
                next = generated.resource(number)
                numbers.removeFirst()
            } else {
                return page
            }
            if next.kind == .recording, next.status == "deleted", !query.includesDeleted { continue }
            let rendered = render(next)
            guard query.accepts(rendered) else { continue }
            guard page.resources.count < query.limit else {
                page.hasMore = true
                return page
            }
            page.resources.append(rendered)
            page.end = next.position
        }
    }

    /// Narrows the generated recordings to those of which a page may consist, without looking at each.
    private func generatedNumbers(_ query: ListQuery) -> Range<Int> {
        guard let generated, query.kind == .recording else { return 0..<0 }
        let numbers = generated.numbers(createdIn: query.created, after: query.after)
        for filter in query.filters {
            // Each generated recording has a call of its own, and none is of a conference.
            guard filter.member == "call_sid", let call = filter.values.first,
                let number = generated.number(ofSID: call), numbers.contains(number)
            else { return 0..<0 }
            return number..<(number + 1)
        }
        return numbers
    }

    /// Gives the index of the first resource that isn't listed before `position`.
    private static func index(of position: Position, in list: [StoredResource]) -> Int {
        var (low, high) = (0, list.count)
        while low < high {
            let middle = (low + high) / 2
            if list[middle].position < position { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
