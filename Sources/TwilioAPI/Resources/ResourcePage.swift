#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// One page of a list.
public struct ResourcePage: Sendable {
    /// The page's resources, in the order of the list.
    public let resources: [MediaResource]

    /// What follows it, as the page itself says: an address or a path on the host that served it; nil at the end.
    public let next: String?

    /// Reads a page.
    ///
    /// Both APIs' forms are read: `next_page_uri` beside an array named after the resource (2010 API), and
    /// `meta.next_page_url` beside the array that `meta.key` names (video).
    ///
    /// - Throws: ``TwilioError`` with code ``TwilioError/Code/malformedAnswer`` when the array or the link is missing: a
    ///   list that can't be followed to its end must not pass for a short one.
    init(kind: MediaKind, body: [UInt8]) throws(TwilioError) {
        let links: Links
        do {
            links = try JSONDecoder().decode(Links.self, from: Data(body))
        } catch {
            throw TwilioError(
                .malformedAnswer, "a page of the \(kind.pluralName) can't be read: \(error)", cause: error)
        }
        let key = links.key ?? (kind == .composition ? "compositions" : "recordings")
        guard let elements = JSONSlices.elements(ofArray: key, in: body) else {
            throw TwilioError(.malformedAnswer, "a page of the \(kind.pluralName) has no array '\(key)'")
        }
        guard links.tellsNext else {
            throw TwilioError(.malformedAnswer, "a page of the \(kind.pluralName) doesn't say what follows it")
        }
        next = links.next
        var resources: [MediaResource] = []
        resources.reserveCapacity(elements.count)
        for element in elements {
            resources.append(try MediaResource(kind: kind, json: Array(body[element])))
        }
        self.resources = resources
    }
}

/// The part of a page that says where the list goes on.
private struct Links: Decodable {
    /// The array's name; only video tells it.
    let key: String?

    /// What follows; nil at the end.
    let next: String?

    /// Whether the page has the field, as null or as a text.
    ///
    /// Anything else can't be followed, and must not be taken for the end.
    let tellsNext: Bool

    private enum Key: String, CodingKey {
        case meta, key
        case nextPageURI = "next_page_uri"
        case nextPageURL = "next_page_url"
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: Key.self)
        if let meta = try? container.nestedContainer(keyedBy: Key.self, forKey: .meta) {
            key = meta.lenientString(.key)
            next = meta.lenientString(.nextPageURL)
            tellsNext = meta.tellsText(.nextPageURL)
        } else {
            key = nil
            next = container.lenientString(.nextPageURI)
            tellsNext = container.tellsText(.nextPageURI)
        }
    }
}

extension KeyedDecodingContainer {
    /// Whether the field is there, and null or a text.
    fileprivate func tellsText(_ key: Key) -> Bool {
        guard contains(key) else { return false }
        return (try? decodeNil(forKey: key)) == true || (try? decode(String.self, forKey: key)) != nil
    }
}
