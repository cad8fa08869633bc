extension SimulatedResponse {
    /// Makes a page as APIs with a version in their path have it.
    static func page(
        _ request: SimulatedRequest, base: String, key: String, parameters: ListParameters, page: ListPage
    ) -> SimulatedResponse {
        let address = "\(base)\(request.path)"
        let meta: JSONValue = [
            "first_page_url": .string("\(address)?\(parameters.firstPageQuery)"), "key": .string(key),
            "next_page_url": JSONValue(parameters.nextPageQuery(page).map { "\(address)?\($0)" }),
            "page": .integer(parameters.pageNumber), "page_size": .integer(parameters.query.limit),
            "previous_page_url": nil,
            "url": .string(request.rawQuery.isEmpty ? address : "\(address)?\(request.rawQuery)"),
        ]
        return .json(200, text: page.body(key, members: ["meta": meta]))
    }

    /// Makes a page as the 2010 API has it.
    static func page2010(
        _ request: SimulatedRequest, key: String, parameters: ListParameters, page: ListPage
    ) -> SimulatedResponse {
        let start = parameters.pageNumber * parameters.query.limit
        let members: [String: JSONValue] = [
            "end": .integer(start + max(0, page.items.count - 1)),
            "first_page_uri": .string("\(request.path)?\(parameters.firstPageQuery)"),
            "next_page_uri": JSONValue(parameters.nextPageQuery(page).map { "\(request.path)?\($0)" }),
            "page": .integer(parameters.pageNumber), "page_size": .integer(parameters.query.limit),
            "previous_page_uri": nil, "start": .integer(start),
            "uri": .string(request.rawQuery.isEmpty ? request.path : "\(request.path)?\(request.rawQuery)"),
        ]
        return .json(200, text: page.body(key, members: members))
    }
}
