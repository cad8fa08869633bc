/// An entry of a directory that doesn't come from the catalog.
struct FixedEntry {
    let name: String
    let node: Node
    /// Its place in a listing: its own, whichever others there are, since they may come and go meanwhile.
    let cookie: Int64

    /// The last cookie of fixed entries, where there are others; those of the catalog's entries follow.
    static let lastCookie: Int64 = 63

    /// The last cookie of `.` and `..`.
    static let lastDotCookie: Int64 = 2
}
