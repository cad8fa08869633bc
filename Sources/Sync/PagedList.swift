import Catalog
import Support
import Transfer
import TwilioAPI

/// A list at Twilio that is fetched in pages and stored, with the times that it covers.
protocol PagedList: Sendable {
    /// An unparsed page.
    associatedtype Answer: Sendable
    /// A parsed page, ready for storing.
    associatedtype Part: Sendable

    /// The list's name in messages.
    var name: String { get }
    /// The code of the error for a list that Twilio refuses to the credentials.
    var refusalCode: CatalogErrorCode { get }
    /// The shortest useful interval for dividing the list, in seconds.
    var granularity: Int64 { get }
    /// The largest number of items in a page.
    var largestPage: Int { get }

    /// Requests a page; `completion` is called on the transfer thread.
    func request(
        _ interval: CreationInterval, size: Int?, next: String?, priority: Priority,
        completion: @escaping @Sendable (Result<Answer, TwilioError>) -> Void)

    /// Parses a page, on any thread.
    ///
    /// - Parameter time: When it was requested.
    func read(_ answer: Answer, requested time: PageTime) throws -> (part: Part, page: PagePlan.Page)

    /// Whether it is known not to be ordered, the newest first.
    func isUnordered() throws(CatalogError) -> Bool

    /// Stores pages together with the times that they complete, on the writing thread.
    ///
    /// - Parameter assumesOrder: Whether they complete the times only if the list is ordered, the newest first.
    func store(
        _ parts: [Part], covering covered: [Range<Int64>], assumesOrder: Bool, epoch: Int
    ) throws(CatalogError)

    /// Notes that it isn't ordered, the newest first, on the writing thread: nothing is covered any more.
    func forgetOrder(epoch: Int) throws(CatalogError)

    /// Notes that all pages of some intervals were ordered, although the list wasn't once, on the writing thread.
    func regainOrder(in intervals: [Range<Int64>], epoch: Int) throws(CatalogError)
}

extension PagedList {
    /// The failure of a request for a page.
    ///
    /// - Parameter isOfFirstPage: Whether it asked for the first page: a link to another one that has become invalid is
    ///   no refusal of the list.
    func failure(_ error: any Error, isOfFirstPage: Bool = true) -> CatalogError {
        let isRefusal = (error as? TwilioError).map { $0.isRefusal && (isOfFirstPage || $0.code != .notFound) }
        return CatalogError(isRefusal ?? false ? refusalCode : .incompleteList, "\(error)", cause: error)
    }
}

/// The list of one kind of recordings.
struct RecordingList: PagedList {
    let kind: MediaKind
    /// The coverage that grows.
    let purpose: CoveragePurpose
    let services: SyncServices

    var name: String { "the list of \(kind.pluralName)" }
    var refusalCode: CatalogErrorCode { .refusedList }
    var granularity: Int64 { kind.listGranularity }
    var largestPage: Int { kind.largestPage }

    func request(
        _ interval: CreationInterval, size: Int?, next: String?, priority: Priority,
        completion: @escaping @Sendable (Result<ListAnswer, TwilioError>) -> Void
    ) {
        services.client.page(
            of: kind, in: interval, size: size, next: next, priority: priority, completion: completion)
    }

    func read(_ answer: ListAnswer, requested time: PageTime) throws -> (part: PreparedResources, page: PagePlan.Page) {
        let page = try answer.page()
        return (
            services.catalog.prepare(page.resources, requested: time),
            PagePlan.Page(page.resources.map { ($0.sid, $0.dateCreated) }, next: page.next)
        )
    }

    func isUnordered() throws(CatalogError) -> Bool { try services.catalog.lists.state(of: kind).isUnordered }

    func store(
        _ parts: [PreparedResources], covering covered: [Range<Int64>], assumesOrder: Bool, epoch: Int
    ) throws(CatalogError) {
        try services.catalog.lists.store(
            parts, covering: covered, of: kind, for: purpose, assumesOrder: assumesOrder,
            now: services.settings.now(), epoch: epoch)
    }

    func forgetOrder(epoch: Int) throws(CatalogError) {
        try services.catalog.lists.forgetOrder(of: kind, epoch: epoch)
    }

    func regainOrder(in intervals: [Range<Int64>], epoch: Int) throws(CatalogError) {
        // A part may be ordered by chance; a wrong belief would cost another fetch of the whole list.
        guard purpose == .pass, intervals == Coverage.everything.ranges else { return }
        try services.catalog.lists.regainOrder(of: kind, epoch: epoch)
    }
}

/// The list of calls, by their beginnings.
struct CallList: PagedList {
    let services: SyncServices

    var name: String { "the list of calls" }
    var refusalCode: CatalogErrorCode { .refusedCalls }
    // The 2010 API filters by days.
    var granularity: Int64 { MediaKind.voiceRecording.listGranularity }
    var largestPage: Int { TwilioClient.largestCallPage }

    func request(
        _ interval: CreationInterval, size: Int?, next: String?, priority: Priority,
        completion: @escaping @Sendable (Result<CallListAnswer, TwilioError>) -> Void
    ) {
        services.client.calls(
            startedIn: interval, size: size, next: next, priority: priority, completion: completion)
    }

    // Each call is stored once and for all: its parties don't change.
    func read(
        _ answer: CallListAnswer, requested time: PageTime
    ) throws -> (part: [CallDescription], page: PagePlan.Page) {
        let page = try answer.page()
        return (page.calls, PagePlan.Page(page.calls.map { ($0.sid, $0.startTime) }, next: page.next))
    }

    func isUnordered() throws(CatalogError) -> Bool { try services.catalog.calls.isUnordered() }

    func store(
        _ parts: [[CallDescription]], covering covered: [Range<Int64>], assumesOrder: Bool, epoch: Int
    ) throws(CatalogError) {
        try services.catalog.calls.store(
            parts.flatMap { $0 }, covering: covered, assumesOrder: assumesOrder,
            keepingAllSince: services.settings.now() - CallSync.recentSeconds, epoch: epoch)
    }

    func forgetOrder(epoch: Int) throws(CatalogError) { try services.catalog.calls.forgetOrder(epoch: epoch) }

    // Nothing ever fetches all calls anew.
    func regainOrder(in intervals: [Range<Int64>], epoch: Int) {}
}

extension PagePlan.Page {
    /// Summarizes the items of a page, given by SID and time.
    init(_ items: [(sid: SID, time: Timestamp?)], next: String?) {
        var times: ClosedRange<Int64>?
        var (isOrdered, hasAllTimes) = (true, true)
        var digest: UInt64 = 0
        for item in items {
            // The sum is independent of the order; SIDs are random, so sums of different sets differ.
            digest &+= item.sid.high ^ item.sid.low &* 0x9E37_79B9_7F4A_7C15
            guard let time = item.time?.seconds else {
                hasAllTimes = false
                continue
            }
            if let before = times {
                if time > before.lowerBound { isOrdered = false }
                times = min(time, before.lowerBound)...max(time, before.upperBound)
            } else {
                times = time...time
            }
        }
        self.init(
            count: items.count, times: times, isOrdered: isOrdered, hasAllTimes: hasAllTimes, next: next,
            digest: digest)
    }
}

extension CreationInterval {
    /// The interval of a range of seconds since 1970; `Int64.min` and `Int64.max` mean no bound.
    init(seconds: Range<Int64>) {
        self.init(
            from: seconds.lowerBound == .min ? nil : Timestamp(seconds: seconds.lowerBound),
            until: seconds.upperBound == .max ? nil : Timestamp(seconds: seconds.upperBound))
    }
}
