/// The place of an exchange among those of its priority that wait: the lesser one starts first.
struct Turn: Hashable, Comparable {
    /// Whether it is a download's exchange.
    ///
    /// Requests go first: they are small, and the addresses that they bring are what downloads wait for.
    let isDownload: Bool
    /// The number of its transfer, which counts up.
    ///
    /// A retry has the transfer's number too. Otherwise it would be the last again and again where a service refuses
    /// many requests, and the transfer would have few attempts within its patience.
    var number: UInt64

    static func < (one: Turn, other: Turn) -> Bool {
        one.isDownload == other.isDownload ? one.number < other.number : !one.isDownload
    }
}
