/// The time limits and retries of a transfer.
public struct Patience: Sendable, Hashable {
    /// The limit for connecting: name, TCP and TLS together.
    public var connect: Duration
    /// How long a connection may bring no byte, or fewer than 100 a second, before it counts as dead.
    public var stall: Duration
    /// How long a transfer may go without progress, over all attempts; a byte is progress for 10 ms.
    public var giveUp: Duration
    /// The upper bound of the wait before the first retry; it doubles with each further one.
    public var firstBackoff: Duration
    /// The limit for the upper bound of the wait.
    public var maximalBackoff: Duration
    /// The age up to which a transfer waits for the end of a host's outage.
    ///
    /// An outage begins with the first failure to connect. A transfer waits if the next attempt is due while the
    /// outage is younger, else it fails at once with `hostUnreachable`. So transfers wait for a restarting server,
    /// but not again and again for a lost network.
    public var outage: Duration

    /// The time for which a byte counts.
    ///
    /// Each byte postpones the stall by this much, up to `stall`, and each new byte postpones the end of patience.
    /// So a useless response below 100 bytes a second ends like a stalled one and blocks no reader for ever.
    static let timePerByte = Duration.milliseconds(10)

    /// Makes limits; the defaults suit a filesystem with waiting readers.
    ///
    /// `giveUp` is well below the 120 seconds after which Linux warns of a hung task; `outage` bridges the restart
    /// of a service.
    public init(
        connect: Duration = .seconds(10), stall: Duration = .seconds(15), giveUp: Duration = .seconds(45),
        firstBackoff: Duration = .milliseconds(200), maximalBackoff: Duration = .seconds(5),
        outage: Duration = .seconds(5)
    ) {
        self.connect = connect
        self.stall = stall
        self.giveUp = giveUp
        self.firstBackoff = firstBackoff
        self.maximalBackoff = maximalBackoff
        self.outage = outage
    }

    /// For media: waits for an outage of 20 seconds, enough to replug a cable, since copying programs give up a file
    /// when a read fails.
    public static let media = Patience(outage: .seconds(20))
}
