/// Holds all that an account has.
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

    /// The resources, each kind newest first.
    private var resources: [MediaKind: [StoredResource]] = [:]
    /// The place of each resource, to find it by SID.
    private var positions: [String: (kind: MediaKind, position: Position)] = [:]
    /// The generated recordings; deleting one replaces it by a stored one.
    let generated: GeneratedRecordings?
    private(set) var replaced: Set<Int> = []

    /// What the account may do.
    var status = AccountStatus.active
    /// The public keys, oldest first.
    var publicKeys: [PublicKey] = []
    /// `RecordingSettings/Default` and `CompositionSettings/Default`, by the name in the path.
    var settings: [String: [String: JSONValue]] = [:]
    /// Members of calls that were set, by the SIDs of the calls; one with a `start_time` needs no recording.
    var setCalls: [String: [String: JSONValue]] = [:]
    /// How often each voice recording's media was asked for.
    var mediaRequests: [String: Int] = [:]

    init(generated: GeneratedRecordings?) {
        self.generated = generated
    }

    /// Gives a resource, or nil when there is none with that SID.
    func resource(sid: String) -> StoredResource? {
        if let place = positions[sid] {
            let list = resources[place.kind] ?? []
            return list[list.firstIndex(notBefore: place.position)]
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
        let index = (resources[resource.kind] ?? []).firstIndex(notBefore: resource.position)
        resources[resource.kind, default: []].insert(resource, at: index)
        positions[resource.sid] = (resource.kind, resource.position)
    }

    /// Removes a resource without a trace.
    mutating func remove(sid: String) {
        if let place = positions.removeValue(forKey: sid) {
            let index = (resources[place.kind] ?? []).firstIndex(notBefore: place.position)
            resources[place.kind]?.remove(at: index)
        } else if sid.hasPrefix("RE"), let number = generated?.number(ofSID: sid) {
            replaced.insert(number)
        }
    }

    /// Finds a page.
    ///
    /// - Parameter render: shows a resource as the API does.
    func page(_ query: ListQuery, render: (StoredResource) -> JSONValue) -> ListPage {
        ListWalk(
            query: query, stored: resources[query.kind] ?? [], generated: query.kind == .recording ? generated : nil,
            replaced: replaced
        ).page(render: render)
    }
}
