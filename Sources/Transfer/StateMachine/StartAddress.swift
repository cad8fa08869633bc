import Support

/// The address at which each attempt of a transfer starts, as its source has provided it.
struct StartAddress {
    typealias Instant = SuspendingClock.Instant

    /// The time for which an address that has just arrived is used, however soon it expires.
    private static let freshness = Duration.milliseconds(100)

    /// The last address, which may be refused; nil before the first one.
    private(set) var address: Address?
    private var arrivedAt: Instant
    private var isRefused = false

    init(_ address: Address?, now: Instant) {
        self.address = address
        arrivedAt = now
    }

    /// Whether the next attempt needs an address from the source.
    var mustBeObtained: Bool { address == nil || isRefused }

    /// Whether the address is about to expire, and the source may have a fresher one.
    func isStale(now: Instant) -> Bool {
        guard let address, now >= arrivedAt.advanced(by: Self.freshness) else { return false }
        return address.isStale(now: now)
    }

    /// The source has provided an address.
    mutating func arrive(_ address: Address, now: Instant) {
        (self.address, arrivedAt, isRefused) = (address, now, false)
    }

    /// A response has given the resource's address, which doesn't expire.
    mutating func move(to place: Address) { address = place }

    /// The address was refused: the next attempt starts at another one.
    mutating func refuse() { isRefused = true }
}
