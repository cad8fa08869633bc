import TwilioAPI

/// Resources in the form in which they are written to the catalog.
///
/// Preparing them is most of the work, and any thread can do it; writing is for one at a time.
struct PreparedResources: Sendable {
    struct Row: Sendable {
        let kind: MediaKind
        let digits: SIDDigits
        let status: ResourceStatus
        let created: Int64?
        let format: String
        let jsonSize: Int64
        let isAuthenticated: Bool
        let group: SIDDigits?

        /// Where in ``PreparedResources/documents`` the packed JSON is.
        let document: Range<Int>
    }

    private(set) var rows: [Row] = []
    private(set) var documents: [UInt8] = []

    /// Prepares resources of a list.
    init(_ resources: [ListedResource], coder: DocumentCoder) {
        rows.reserveCapacity(resources.count)
        documents.reserveCapacity(resources.count * 1024)
        let ranges = coder.encode(resources.lazy.map(\.json), to: &documents)
        for (resource, document) in zip(resources, ranges) {
            rows.append(
                Row(
                    kind: resource.kind, digits: SIDDigits(resource.sid), status: resource.status,
                    created: resource.dateCreated?.seconds, format: resource.containerFormat,
                    jsonSize: Int64(resource.json.count), isAuthenticated: resource.isAuthenticated,
                    group: resource.groupSID.map(SIDDigits.init), document: document))
        }
    }
}
