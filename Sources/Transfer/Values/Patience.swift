/// How long a transfer waits for what, and how it repeats what failed.
public struct Patience: Sendable, Hashable {
    /// How long making a connection may take: name, TCP and TLS together.
    public var connect: Duration
    /// How long a connection may bring no byte, or fewer than 100 a second, before it is taken for dead.
    public var stall: Duration
    /// How long a transfer goes without any progress, all attempts together, before it fails.
    ///
    /// Each byte is progress for a hundredth of a second.
    public var giveUp: Duration
    /// The upper bound of the wait before the first repetition; it doubles with each further one.
    public var firstBackoff: Duration
    /// What the upper bound of the wait stops doubling at.
    public var maximalBackoff: Duration
    /// How old an outage of the host may be for a transfer to wait for its end.
    ///
    /// An outage begins with the first attempt that can't connect. A transfer waits when the next attempt is due while
    /// the outage is younger than this, else it fails at once with `hostUnreachable`. So a server that restarts is
    /// waited for, and a network that is gone isn't waited for again and again.
    public var outage: Duration

    /// The time that a byte makes up for.
    ///
    /// Each byte puts off by this much the moment at which its answer counts as stalled, as far as the patience for
    /// silence goes, and each new one the end of all patience. So an answer that goes on with fewer than 100 bytes a
    /// second, which are of no use to anybody, ends like one that has stalled, and holds nobody up for ever.
    static let timePerByte = Duration.milliseconds(10)

    /// Makes a patience; what is left out has the value that suits a filesystem whose readers wait.
    ///
    /// `giveUp` is well below the 120 seconds after which Linux warns of a hung task. `outage` bridges the restart of a
    /// service; `media` is for transfers whose failure breaks off a copy.
    public init(
        connect: Duration = .seconds(10),
        stall: Duration = .seconds(15),
        giveUp: Duration = .seconds(45),
        firstBackoff: Duration = .milliseconds(200),
        maximalBackoff: Duration = .seconds(5),
        outage: Duration = .seconds(5)
    ) {
        self.connect = connect
        self.stall = stall
        self.giveUp = giveUp
        self.firstBackoff = firstBackoff
        self.maximalBackoff = maximalBackoff
        self.outage = outage
    }

    /// The patience of reading media: an outage of 20 seconds is waited for, in which a network cable can be plugged in
    /// again; programs that copy give up a file when a read fails.
    public static let media = Patience(outage: .seconds(20))
}
