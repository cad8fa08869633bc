/// Reads what both APIs' lists have in common from a query, and writes the queries of the first and the next page.
///
/// Chains of pages only go forward: links to previous pages are `null`.
struct ListParameters {
    /// What is asked for.
    var query: ListQuery
    /// The number of the page in its chain, from 0.
    let pageNumber: Int
    /// What is wrong with the query, if something is.
    private(set) var problem: String?
    private let filters: String
    private let paging: Behaviour.Paging

    /// Reads `PageSize`, `Page` and `PageToken`.
    ///
    /// A page size beyond the API's limit is brought down to it.
    init(_ request: SimulatedRequest, kind: MediaKind, behaviour: Behaviour) {
        let fields = Dictionary(request.query.map { ($0.name, $0.value) }) { $1 }
        let wanted = fields["PageSize"].flatMap { Int($0) } ?? 50
        let largest = min(kind.largestPage, max(1, behaviour.pageSizeLimit ?? .max))
        query = ListQuery(kind: kind, limit: min(max(1, wanted), largest))
        query.order = behaviour.listOrder
        pageNumber = max(0, fields["Page"].flatMap { Int($0) } ?? 0)
        paging = behaviour.paging
        filters = request.rawQuery.split(separator: "&").filter { field in
            !["Page", "PageSize", "PageToken"].contains(field.prefix { $0 != "=" })
        }.joined(separator: "&")
        if let token = fields["PageToken"] {
            query.after = Position(pageToken: token)
            if query.after == nil { problem = "PageToken \(token) is invalid" }
        } else if paging == .index {
            query.skipped = pageNumber * query.limit
        }
    }

    /// Keeps what was created from a moment on, or through it, or both.
    ///
    /// - Parameter wholeDays: whether all of the moment's day is meant.
    mutating func limit(to moment: Instant?, wholeDays: Bool, from: Bool = false, through: Bool = false) {
        guard let moment else {
            problem = "A date filter is invalid"
            return
        }
        let start = wholeDays ? moment.startOfDay : moment
        let end = wholeDays ? start.advanced(by: Instant.secondsPerDay) : moment.advanced(by: 1)
        let lower = from ? max(query.created.lowerBound, start) : query.created.lowerBound
        let upper = through ? min(query.created.upperBound, end) : query.created.upperBound
        query.created = lower..<max(lower, upper)
    }

    /// The query of the first page.
    var firstPageQuery: String { pageQuery(number: 0, token: nil) }

    /// Gives the query of the page after this one, or nil when this is the last.
    func nextPageQuery(_ page: ListPage) -> String? {
        guard page.hasMore, let end = page.end else { return nil }
        return pageQuery(number: pageNumber + 1, token: paging == .token ? end.pageToken : nil)
    }

    private func pageQuery(number: Int, token: String?) -> String {
        (filters.isEmpty ? "" : "\(filters)&") + "PageSize=\(query.limit)&Page=\(number)"
            + (token.map { "&PageToken=\($0)" } ?? "")
    }
}
