/// A value that is learnt when it is first asked for.
///
/// Valid transitions: `unknown` → `pending`, when somebody asks; `pending` → `known` or `unknown`, when learning has
/// succeeded or failed; `known` → `unknown`, when the value turns out to be wrong.
enum Learnt<Value: Sendable>: Sendable {
    /// Gets the value, or the reason why it couldn't be learnt.
    typealias Waiter = @Sendable (Result<Value, MediaError>) -> Void

    case unknown
    case pending([Waiter])
    case known(Value)

    /// The value, if it is known.
    var value: Value? { if case .known(let value) = self { value } else { nil } }
}
