/// What is going on between the kernel and the tree, as who translates between them tells it.
public struct RequestStatistics: Hashable, Sendable {
    /// Requests that have no answer yet.
    public var waiting: Int

    /// How often the kernel was answered with an error, by the errno's name.
    public var errors: [String: Int64]

    /// Makes the numbers; none before there is a mount.
    public init(waiting: Int = 0, errors: [String: Int64] = [:]) {
        self.waiting = waiting
        self.errors = errors
    }
}
