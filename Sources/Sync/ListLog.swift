import Catalog
import Support

/// Decides which results of a list are worth a log line: a value without I/O.
struct ListLog {
    /// The reasons for a line.
    enum Line: Equatable {
        /// The list failed, for a reason that wasn't logged just before.
        case failure
        /// Twilio refuses the list.
        case refusal
        /// The list failed again; only for debugging.
        case repetition
        /// The list can be fetched again.
        case recovery
    }

    /// The seconds between two lines about refusals, which last until somebody changes the credentials.
    private static let refusalInterval: Int64 = 3600

    /// The message of the failure logged last; nil after a success.
    private var told: String?
    /// The time of the last line about a refusal.
    private var refusalTold: Int64?

    /// Notes the result of a task; returns the line that it deserves, nil for none.
    ///
    /// - Parameter error: The failure; nil for a success.
    mutating func note(_ error: CatalogError?, now: Int64) -> Line? {
        guard let error else {
            defer { told = nil }
            return told == nil ? nil : .recovery
        }
        if error.isRefusal {
            guard age(of: refusalTold, at: now) >= Self.refusalInterval else { return .repetition }
            (told, refusalTold) = (error.message, now)
            return .refusal
        }
        guard error.message != told else { return .repetition }
        told = error.message
        return .failure
    }
}
