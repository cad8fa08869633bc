/// Is a place in a list: newest first, and of the same second the greater SID first.
///
/// Page tokens name places and not page numbers, so that a chain of pages neither repeats nor misses a resource when
/// others arrive or go meanwhile.
struct Position: Hashable, Comparable, Sendable {
    /// When the resource was created.
    let created: Instant
    /// The resource's SID.
    let sid: String

    /// Tells whether `left` is listed before `right`.
    static func < (left: Position, right: Position) -> Bool {
        left.created == right.created ? left.sid > right.sid : left.created > right.created
    }

    /// The token that names the page after this place.
    var pageToken: String { "PA" + sid + String(created.seconds, radix: 16) }

    init(created: Instant, sid: String) {
        self.created = created
        self.sid = sid
    }

    /// Reads a token; nil when it isn't one.
    init?(pageToken: String) {
        let body = pageToken.dropFirst(2)
        guard pageToken.hasPrefix("PA"), body.count > 34, let seconds = Int(body.dropFirst(34), radix: 16) else {
            return nil
        }
        self.init(created: Instant(seconds: seconds), sid: String(body.prefix(34)))
    }
}
