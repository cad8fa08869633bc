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
    /// - Throws: ``TwilioError`` with code ``TwilioError/Code/malformedAnswer`` when the array or the link is missing:
    ///   a list that can't be followed to its end must not pass for a short one.
    init(kind: MediaKind, body: [UInt8], serverTime: Timestamp? = nil) throws(TwilioError) {
        let form = ResourceForm(kind)
        let list = try ListPage(
            body, key: kind.traits.pageKey, subject: "a page of the \(kind.pluralName)"
        ) { scanner throws(TwilioError) in
            try ListedResource(form, from: &scanner)
        }
        resources = list.elements
        next = list.next
        self.serverTime = serverTime
    }
}
