/// How long a transfer waits for what, and how it repeats what failed.
public struct Patience: Sendable, Hashable {
    /// How long making a connection may take: name, TCP and TLS together.
    public var connect: Duration
    /// How long a connection may bring no byte before it is taken for dead.
    public var stall: Duration
    /// How long a transfer goes without any progress, all attempts together, before it fails.
    public var giveUp: Duration
    /// The upper bound of the wait before the first repetition; it doubles with each further one.
    public var firstBackoff: Duration
    /// What the upper bound of the wait stops doubling at.
    public var maximalBackoff: Duration

    /// Makes a patience; what is left out has the value that suits a filesystem whose readers wait.
    ///
    /// `giveUp` is well below the 120 seconds after which Linux warns of a hung task.
    public init(
        connect: Duration = .seconds(10),
        stall: Duration = .seconds(15),
        giveUp: Duration = .seconds(45),
        firstBackoff: Duration = .milliseconds(200),
        maximalBackoff: Duration = .seconds(5)
    ) {
        self.connect = connect
        self.stall = stall
        self.giveUp = giveUp
        self.firstBackoff = firstBackoff
        self.maximalBackoff = maximalBackoff
    }
}
