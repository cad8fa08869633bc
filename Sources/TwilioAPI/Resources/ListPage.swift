import Support

/// One page of any list: its elements and the link to the next page.
struct ListPage<Element> {
    /// The elements, in the order of the list.
    let elements: [Element]
    /// The link to the next page; nil at the end.
    let next: String?

    /// Reads a page in one pass.
    ///
    /// - Parameters:
    ///   - usualKey: The name of the array of elements, unless the page names another array.
    ///   - subject: The page's name at the beginning of a message.
    ///   - element: Reads the element at a scanner's position.
    /// - Throws: ``TwilioError`` with code ``TwilioError/Code/malformedAnswer`` when the array or the link is missing.
    init(
        _ body: [UInt8], key usualKey: String, subject: String,
        element: (inout JSONScanner) throws(TwilioError) -> Element
    ) throws(TwilioError) {
        var scanner = JSONScanner(body, subject: subject)
        var usual: [Element]?
        // Scanners at all other arrays: a page may name its array, and may do so after the array.
        var others: [String: JSONScanner] = [:]
        var names: Set<String> = []
        var links = PageLinks()
        var meta: PageLinks?
        scanner.skipSpace()
        var member = try scanner.enterObject()
        while let token = member {
            let name = try scanner.name(token)
            switch name {
            case _ where !names.insert(name).inserted:
                // The first of members with the same name counts, as in `JSONDecoder`.
                try scanner.value()
            case "next_page_uri":
                links.next = try PageLinks.Next(from: &scanner)
            case "meta" where scanner.isAtObject:
                meta = try PageLinks(meta: &scanner)
            case usualKey where scanner.isAtArray:
                usual = try Self.elements(from: &scanner, element)
            default:
                if scanner.isAtArray { others[name] = scanner }
                try scanner.value()
            }
            member = try scanner.nextMember()
        }
        try scanner.finish()
        if let meta { links = meta }

        let key = links.key ?? usualKey
        if key == usualKey, let usual {
            elements = usual
        } else if var scanner = others[key] {
            elements = try Self.elements(from: &scanner, element)
        } else {
            throw TwilioError(.malformedAnswer, "\(subject) has no array '\(ForeignText(key))'")
        }
        guard let next = links.next else {
            throw TwilioError(.malformedAnswer, "\(subject) lacks the link to the next page")
        }
        self.next = next.link
    }

    private static func elements(
        from scanner: inout JSONScanner, _ element: (inout JSONScanner) throws(TwilioError) -> Element
    ) throws(TwilioError) -> [Element] {
        var elements: [Element] = []
        var isElement = try scanner.enterArray()
        while isElement {
            elements.append(try element(&scanner))
            isElement = try scanner.nextElement()
        }
        return elements
    }
}
