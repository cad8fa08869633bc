/// A page's fields that lead to the next page.
struct PageLinks {
    /// The link to the next page.
    struct Next {
        /// nil at the end of the list.
        let link: String?

        /// Reads null or a text; nil for any other value, which must not pass for the end of the list.
        init?(from scanner: inout JSONScanner) throws(TwilioError) {
            switch try scanner.value() {
            case .null:
                link = nil
            case .text(let text):
                guard let told = scanner.string(text) else { return nil }
                link = told.isEmpty ? nil : told
            case .other:
                return nil
            }
        }
    }

    /// The array's name, which only video pages give.
    private(set) var key: String?
    /// The link; nil when the page has none.
    var next: Next?

    init() {}

    /// Reads the value of `meta`.
    init(meta scanner: inout JSONScanner) throws(TwilioError) {
        var names: Set<String> = []
        var member = try scanner.enterObject()
        while let token = member {
            let name = try scanner.name(token)
            switch name {
            case _ where !names.insert(name).inserted:
                try scanner.value()
            case "key":
                if case .text(let text) = try scanner.value(), !text.range.isEmpty { key = scanner.string(text) }
            case "next_page_url":
                next = try Next(from: &scanner)
            default:
                try scanner.value()
            }
            member = try scanner.nextMember()
        }
    }
}
