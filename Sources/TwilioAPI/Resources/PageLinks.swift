/// The part of a page that says where the list goes on.
struct PageLinks {
    /// What follows a page.
    struct Next {
        /// Where; nil for the end of the list.
        let link: String?

        /// Reads null or a text.
        ///
        /// - Returns: nil for anything else: it can't be followed, and must not be taken for the end.
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

    /// The array's name, as the page tells it; only video tells it.
    private(set) var key: String?

    /// What follows; nil when the page doesn't say.
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
