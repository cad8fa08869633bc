/// One page of a list.
public struct ResourcePage: Sendable {
    /// The page's resources, in the order of the list.
    public let resources: [ListedResource]

    /// What follows it, as the page itself says: an address or a path on the host that served it; nil at the end.
    public let next: String?

    /// When it was made, by the server's clock; nil when the answer didn't tell.
    public let serverTime: Timestamp?

    /// Reads a page.
    ///
    /// Both APIs' forms are read: `next_page_uri` beside an array named after the resource (2010 API), and
    /// `meta.next_page_url` beside the array that `meta.key` names (video).
    ///
    /// - Throws: ``TwilioError`` with code ``TwilioError/Code/malformedAnswer`` when the array or the link is missing: a
    ///   list that can't be followed to its end must not pass for a short one.
    init(kind: MediaKind, body: [UInt8], serverTime: Timestamp? = nil) throws(TwilioError) {
        let reader = try PageReader(of: kind, in: body)
        guard let next = reader.links.next else {
            throw TwilioError(.malformedAnswer, "a page of the \(kind.pluralName) doesn't say what follows it")
        }
        resources = try reader.resources()
        self.next = next.link
        self.serverTime = serverTime
    }
}

/// Goes over a page's bytes once.
private struct PageReader {
    private let kind: MediaKind
    private let scanner: JSONScanner

    /// The resources of the array that has the usual name; nil when there is none.
    private var usual: [ListedResource]?

    /// Where arrays of other names begin; the page may say at its end that it is one of those.
    private var others: [String: JSONScanner] = [:]

    /// Where the list goes on.
    private(set) var links = PageLinks()

    init(of kind: MediaKind, in body: [UInt8]) throws(TwilioError) {
        self.kind = kind
        var scanner = JSONScanner(body, subject: "a page of the \(kind.pluralName)")
        self.scanner = scanner
        let usualKey = Self.usualKey(of: kind)
        var names: Set<String> = []
        var meta: PageLinks?
        scanner.skipSpace()
        var member = try scanner.enterObject()
        while let token = member {
            let name = try scanner.name(token)
            switch name {
            case _ where !names.insert(name).inserted:
                // Of members with the same name the first one counts, as with `JSONDecoder`.
                try scanner.value()
            case "next_page_uri":
                links.next = try PageLinks.Next(from: &scanner)
            case "meta" where scanner.isAtObject:
                meta = try PageLinks(meta: &scanner)
            case usualKey where scanner.isAtArray:
                usual = try Self.resources(of: kind, from: &scanner)
            default:
                if scanner.isAtArray { others[name] = scanner }
                try scanner.value()
            }
            member = try scanner.nextMember()
        }
        try scanner.finish()
        if let meta { links = meta }
    }

    /// The resources of the array that the page names.
    func resources() throws(TwilioError) -> [ListedResource] {
        let key = links.key ?? Self.usualKey(of: kind)
        if key == Self.usualKey(of: kind), let usual { return usual }
        guard var scanner = others[key] else {
            throw TwilioError(.malformedAnswer, "a page of the \(kind.pluralName) has no array '\(key)'")
        }
        return try Self.resources(of: kind, from: &scanner)
    }

    private static func usualKey(of kind: MediaKind) -> String {
        kind == .composition ? "compositions" : "recordings"
    }

    private static func resources(
        of kind: MediaKind, from scanner: inout JSONScanner
    ) throws(TwilioError) -> [ListedResource] {
        var resources: [ListedResource] = []
        var isElement = try scanner.enterArray()
        while isElement {
            resources.append(try ListedResource(kind: kind, from: &scanner))
            isElement = try scanner.nextElement()
        }
        return resources
    }
}

/// The part of a page that says where the list goes on.
private struct PageLinks {
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

    /// The array's name; only video tells it.
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
