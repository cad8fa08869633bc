/// Walks through what the account holds of one kind, in the order of a list, and cuts one page out of it.
///
/// Generated recordings are passed over in runs and never looked at one by one unless they are on the page.
struct ListWalk {
    /// What is asked for.
    let query: ListQuery
    /// The resources that aren't generated, newest first.
    let stored: [StoredResource]
    /// The generated recordings, where the list has them.
    let generated: GeneratedRecordings?
    /// The numbers of those that aren't there any more.
    let replaced: Set<Int>

    /// Is a page while it is being filled.
    private struct Filling {
        var page: ListPage
        /// How many resources of earlier pages are still to be passed over.
        var skipped: Int

        /// Puts a resource onto the page, if it belongs there; false when the page is full.
        mutating func take(_ item: ListItem, limit: Int) -> Bool {
            if skipped > 0 {
                skipped -= 1
                return true
            }
            guard page.items.count < limit else {
                page.hasMore = true
                return false
            }
            page.items.append(item)
            return true
        }
    }

    /// Gives the page.
    ///
    /// - Parameter render: shows a resource as the API does.
    func page(render: (StoredResource) -> JSONValue) -> ListPage {
        let template = generated.map { GeneratedTemplate($0, render: render) }
        var filling = Filling(page: ListPage(template: template), skipped: query.skipped)
        let order = generated.map { GeneratedOrder($0, query.order) }
        let numbers = generatedNumbers
        var ranks = 0..<0
        if let order, !numbers.isEmpty {
            ranks = order.ranks(of: numbers)
            if let after = query.after {
                ranks = min(max(ranks.lowerBound, order.rank(after: after)), ranks.upperBound)..<ranks.upperBound
            }
        }
        for index in storedIndices {
            let resource = stored[index]
            if let order, !ranks.isEmpty {
                let bound = min(max(order.rank(of: resource.position), ranks.lowerBound), ranks.upperBound)
                guard take(ranks.lowerBound..<bound, order, numbers, into: &filling) else { return filling.page }
                ranks = bound..<ranks.upperBound
            }
            if resource.kind == .recording, resource.status == "deleted", !query.includesDeleted { continue }
            let rendered = render(resource)
            guard query.accepts(rendered) else { continue }
            guard filling.take(.rendered(rendered, resource.position), limit: query.limit) else { return filling.page }
        }
        if let order { _ = take(ranks, order, numbers, into: &filling) }
        return filling.page
    }

    /// Puts the generated recordings of some ranks onto the page; false when the page is full.
    private func take(
        _ ranks: Range<Int>, _ order: GeneratedOrder, _ numbers: Range<Int>, into filling: inout Filling
    ) -> Bool {
        var ranks = ranks
        if filling.skipped > 0, replaced.isEmpty, order.ranks(of: numbers).count == numbers.count {
            // All of these ranks are listed, so that they needn't be looked at to be counted.
            let count = min(filling.skipped, ranks.count)
            filling.skipped -= count
            ranks.removeFirst(count)
        }
        for rank in ranks {
            let number = order.number(rank: rank)
            guard numbers.contains(number), !replaced.contains(number) else { continue }
            guard filling.take(.generated(number), limit: query.limit) else { return false }
        }
        return true
    }

    /// Narrows the generated recordings to those of which a page may consist, without looking at each.
    private var generatedNumbers: Range<Int> {
        guard let generated else { return 0..<0 }
        let numbers = generated.numbers(createdIn: query.created)
        for filter in query.filters {
            // Each generated recording has a call of its own, and none is of a conference.
            guard filter.member == "call_sid", let call = filter.values.first,
                let number = generated.number(ofSID: call), numbers.contains(number)
            else { return 0..<0 }
            return number..<(number + 1)
        }
        return numbers
    }

    /// The indices of the stored resources that may be on the page, in the order of the list.
    private var storedIndices: [Int] {
        // Nothing of a date is listed before the first of these, nor after the second, whatever its SID.
        let newest = Position(created: query.created.upperBound, sid: "")
        let oldest = Position(created: query.created.lowerBound, sid: "")
        let created = stored.firstIndex(notBefore: newest)..<stored.firstIndex(notBefore: oldest)
        switch query.order {
        case .newestFirst:
            guard let after = query.after else { return Array(created) }
            let first = stored.firstIndex(notBefore: after)
            // The token's own resource is the one place that is equal to it.
            return Array(created.drop { $0 < first || stored[$0].position == after })
        case .oldestFirst:
            let end = query.after.map(stored.firstIndex(notBefore:)) ?? stored.count
            return created.prefix { $0 < end }.reversed()
        case .unordered:
            return created.filter { index in query.after.map { $0.sid < stored[index].sid } ?? true }
                .sorted { stored[$0].sid < stored[$1].sid }
        }
    }
}

extension [StoredResource] {
    /// Gives the index of the first resource that isn't listed before `position`, of a list that is newest first.
    func firstIndex(notBefore position: Position) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if self[middle].position < position { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
