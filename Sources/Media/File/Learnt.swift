/// A value learned on demand.
///
/// Valid transitions: `unknown` → `pending` on demand; `pending` → `known` or `unknown` on success or failure; `known`
/// → `unknown` if the value turns out to be wrong.
enum Learnt<Value: Sendable>: Sendable {
    /// Receives the value or the error.
    typealias Waiter = @Sendable (Result<Value, MediaError>) -> Void

    case unknown
    case pending([Waiter])
    case known(Value)

    /// The value if known.
    var value: Value? { if case .known(let value) = self { value } else { nil } }
}
