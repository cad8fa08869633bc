/// The time limits and retries of a transfer.
public struct Patience: Sendable, Hashable {
    /// The limit for connecting: name, TCP and TLS together.
    public var connect = Duration.seconds(10)
    /// The time without bytes, or with fewer than 100 a second, after which a connection counts as dead.
    public var stall = Duration.seconds(15)
    /// The time without progress, over all attempts, after which a transfer fails; a byte is progress for 10 ms.
    ///
    /// The default stands for the client's own, `TransferClient.Configuration.timeout`, and is well below the 120
    /// seconds after which Linux warns of a hung task.
    public var giveUp = Duration.seconds(60)
    /// The upper bound of the wait before the first retry; it doubles with each further one.
    public var firstBackoff = Duration.milliseconds(200)
    /// The limit for the upper bound of the wait.
    ///
    /// A reader waits for each retry; what protects a busy service is the limiter, not this wait.
    public var maximalBackoff = Duration.seconds(2)
    /// The age up to which a transfer waits for the end of a host's outage.
    ///
    /// An outage begins with the first failure to connect. A transfer waits if the next attempt is due while the
    /// outage is younger, else it fails at once with `hostUnreachable`. So transfers wait for a restarting server,
    /// but not again and again for a lost network. The default is what a person waits for at a terminal.
    public var outage = Duration.seconds(2)

    /// The time for which a byte counts.
    ///
    /// Each byte postpones the stall by this much, up to `stall`, and each new byte postpones the end of patience.
    /// So a useless response below 100 bytes a second ends like a stalled one and blocks no reader for ever.
    static let timePerByte = Duration.milliseconds(10)

    /// The time for which a byte counts in an answer that is collected.
    ///
    /// Who waits for such an answer has nothing of it before its end, so each attempt ends with patience. A long page
    /// of a list, of two million bytes, has more than a minute and a half besides, which suits a link of 20 kB/s.
    static let timePerCollectedByte = Duration.microseconds(50)

    /// The limits for a client whose transfers fail after this time without progress.
    func limited(to timeout: Duration) -> Patience {
        var limited = self
        limited.giveUp = giveUp == Self.standard.giveUp ? timeout : min(giveUp, timeout)
        limited.connect = min(connect, limited.giveUp)
        limited.stall = min(stall, limited.giveUp)
        return limited
    }

    /// The defaults, which suit a filesystem with waiting readers.
    public static let standard = Patience()
    /// For reading media: bridges an outage of 20 seconds, enough to restart a service or to replug a cable.
    ///
    /// Copying programs give up a file when a read fails. Listings, sizes and openings, which come before any byte,
    /// fail earlier.
    public static let media = Patience(outage: .seconds(20))
}
