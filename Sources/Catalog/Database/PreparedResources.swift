import CLinux
import TwilioAPI

/// Resources prepared for writing to the catalog.
///
/// Preparing is most of the work, and can run on any thread; only one thread writes.
package struct PreparedResources: Sendable {
    /// The values that most resources of a list share.
    struct Form: Hashable, Sendable {
        let kind: MediaKind
        let status: ResourceStatus
        let format: String
        let integrity: StoredIntegrity
        let requirement: MediaRequirement?

        var tally: TallyChanges.Key { TallyChanges.Key(kind: kind, status: status, integrity: integrity) }
    }

    /// The values of one resource, in plain bytes, so that rows are copied and sorted cheaply.
    struct Row: Sendable {
        let digits: SIDDigits
        let created: Int64?
        let updated: Int64?
        let jsonSize: Int64
        let group: SIDDigits?
        let conference: SIDDigits?
        /// An index into ``PreparedResources/forms``.
        let form: Int
        /// The packed JSON in ``PreparedResources/documents``.
        let document: Range<Int>
        let documentChecksum: Int64
    }

    /// When the page was requested; nil if they are no page.
    var requested: PageTime?

    /// The number of resources.
    package var count: Int { rows.count }

    private(set) var rows: [Row] = []
    private(set) var forms: [Form] = []
    private(set) var documents: [UInt8] = []

    init(_ resources: [ListedResource], requested: PageTime? = nil, coder: DocumentCoder) {
        self.requested = requested
        rows.reserveCapacity(resources.count)
        documents.reserveCapacity(resources.count * 1024)
        let ranges = coder.encode(resources.lazy.map(\.json), to: &documents)
        for (resource, document) in zip(resources, ranges) {
            let checksum = documents.withUnsafeBytes {
                RowChecksum.document(UnsafeRawBufferPointer(rebasing: $0[document]))
            }
            rows.append(
                Row(
                    digits: SIDDigits(resource.sid), created: resource.dateCreated?.seconds,
                    updated: resource.dateUpdated?.seconds, jsonSize: Int64(resource.json.count),
                    group: resource.groupSID.map(SIDDigits.init),
                    conference: resource.conferenceSID.map(SIDDigits.init), form: number(of: Form(resource)),
                    document: document,
                    documentChecksum: checksum))
        }
    }

    /// Prefetches a row's document to the processor's caches.
    func prefetchDocument(ofRow row: Int) {
        documents.withUnsafeBytes { documents in
            let document = UnsafeRawBufferPointer(rebasing: documents[rows[row].document])
            twiliofs_prefetch(document.baseAddress, document.count)
        }
    }

    /// The number of a form; a page has few forms.
    private mutating func number(of form: Form) -> Int {
        if let number = forms.lastIndex(of: form) { return number }
        forms.append(form)
        return forms.count - 1
    }
}

extension PreparedResources.Form {
    fileprivate init(_ resource: ListedResource) {
        self.init(
            kind: resource.kind, status: resource.status, format: resource.containerFormat,
            integrity: resource.isAuthenticated ? .unverified : .none, requirement: resource.requirement)
    }
}
