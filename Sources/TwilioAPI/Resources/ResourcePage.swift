/// One page of a list.
public struct ResourcePage: Sendable {
    /// The page's resources, in the order of the list.
    public let resources: [ListedResource]
    /// The link to the next page: an address, or a path on the serving host; nil at the end.
    public let next: String?

    /// Reads a page.
    ///
    /// Both forms are accepted: `next_page_uri` beside an array named after the resource (2010 API), and
    /// `meta.next_page_url` beside the array named by `meta.key` (video).
    ///
    /// - Throws: ``TwilioError`` with code ``TwilioError/Code/malformedAnswer`` when the array or the link is
    ///   missing: an incomplete list must not pass for a short one.
    init(kind: MediaKind, body: [UInt8]) throws(TwilioError) {
        let form = ResourceForm(kind)
        let list = try ListPage(
            body, key: kind.traits.pageKey, subject: "a page of the \(kind.pluralName)"
        ) { scanner throws(TwilioError) in
            try ListedResource(form, from: &scanner)
        }
        resources = list.elements
        next = list.next
    }
}
