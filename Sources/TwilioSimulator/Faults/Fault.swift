/// Is what goes wrong with one request, before its response is known.
struct Fault: Sendable, Hashable {
    /// What happens.
    let action: FaultAction
    /// What a place in the response is chosen with.
    let draw: UInt64

    /// Gives the action with a place in the body of a response.
    ///
    /// - Parameter size: the bytes of the body.
    func placed(inBodyOf size: Int) -> FaultAction {
        switch action {
        case .reset(nil): .reset(afterBytes: place(size))
        case .stall(nil): .stall(afterBytes: place(size))
        case .truncate(nil): .truncate(afterBytes: place(size))
        default: action
        }
    }

    /// The body's beginning once in four times, since there the head has just come; else anywhere before its end.
    private func place(_ size: Int) -> Int {
        draw.isMultiple(of: 4) || size < 1 ? 0 : Int((draw >> 2) % UInt64(size))
    }
}
