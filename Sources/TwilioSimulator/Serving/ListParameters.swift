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
    private let filter: Behaviour.DateFilter
    private let listEnd: Behaviour.ListEnd

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
        filter = behaviour.dateFilter
        listEnd = behaviour.listEnd
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

    /// Keeps what was created on a day.
    mutating func limit(toDayOf text: String) {
        guard let day = moment(text)?.startOfDay else { return }
        limit(to: day..<day.advanced(by: Instant.secondsPerDay))
    }

    /// Keeps what was created on or before a day, as the behaviour understands it.
    mutating func limit(throughDayOf text: String) {
        guard let moment = moment(text) else { return }
        let day = moment.startOfDay
        switch filter {
        case .inclusive: limit(to: Self.always.lowerBound..<day.advanced(by: Instant.secondsPerDay))
        case .midnight: limit(to: Self.always.lowerBound..<day.advanced(by: 1))
        case .time: limit(to: Self.always.lowerBound..<moment.advanced(by: 1))
        case .exclusive: limit(to: Self.always.lowerBound..<day)
        }
    }

    /// Keeps what was created on or after a day, as the behaviour understands it.
    mutating func limit(fromDayOf text: String) {
        guard let moment = moment(text) else { return }
        let day = moment.startOfDay
        switch filter {
        case .inclusive, .midnight: limit(to: day..<Self.always.upperBound)
        case .time: limit(to: moment..<Self.always.upperBound)
        case .exclusive: limit(to: day.advanced(by: Instant.secondsPerDay)..<Self.always.upperBound)
        }
    }

    /// Keeps what was created before a moment.
    mutating func limit(before text: String) {
        guard let moment = moment(text) else { return }
        limit(to: Self.always.lowerBound..<(filter == .exclusive ? moment : moment.advanced(by: 1)))
    }

    /// Keeps what was created after a moment.
    mutating func limit(after text: String) {
        guard let moment = moment(text) else { return }
        limit(to: (filter == .exclusive ? moment.advanced(by: 1) : moment)..<Self.always.upperBound)
    }

    private static let always = ListQuery(kind: .recording, limit: 1).created

    private mutating func moment(_ text: String) -> Instant? {
        let moment = Instant(text: text)
        if moment == nil { problem = "A date filter is invalid" }
        return moment
    }

    private mutating func limit(to interval: Range<Instant>) {
        let lower = max(query.created.lowerBound, interval.lowerBound)
        query.created = lower..<max(lower, min(query.created.upperBound, interval.upperBound))
    }

    /// The query of the first page.
    var firstPageQuery: String { pageQuery(number: 0, token: nil) }

    /// Gives the query of the page after this one, or nil when this is the last.
    func nextPageQuery(_ page: ListPage) -> String? {
        guard page.hasMore || listEnd != .proper else { return nil }
        let after = page.hasMore || listEnd == .empty ? page.end ?? query.after : nil
        return pageQuery(number: pageNumber + 1, token: paging == .token ? after?.pageToken : nil)
    }

    private func pageQuery(number: Int, token: String?) -> String {
        (filters.isEmpty ? "" : "\(filters)&") + "PageSize=\(query.limit)&Page=\(number)"
            + (token.map { "&PageToken=\($0)" } ?? "")
    }
}
