import GRDB
public import TwilioAPI

/// The recordings of one telephone number, whichever side of the call it is on, or those of all other parties.
public enum NumberGroup: Hashable, Sendable {
    /// A party without a number in international form: withheld, empty, a client, a SIP address.
    case anonymous
    /// A telephone number.
    case number(PhoneNumber)

    /// The group of one side of a call.
    public init(_ party: CallParty) { self = party.number.map { .number($0) } ?? .anonymous }

    /// Reads a name; nil for the name of no group.
    public init?(named name: String) {
        if name == Self.anonymous.name {
            self = .anonymous
        } else if let number = PhoneNumber(name) {
            self = .number(number)
        } else {
            return nil
        }
    }

    /// The name: the number with its plus sign, or `anonymous`.
    public var name: String {
        switch self {
        case .anonymous: "anonymous"
        case .number(let number): number.description
        }
    }

    /// Its number in the catalog, and in the order of groups: 0 for ``anonymous``.
    public var storedNumber: Int64 { if case .number(let number) = self { number.rawValue } else { 0 } }

    /// Makes the group with a number in the catalog; nil for an impossible one.
    public init?(storedNumber: Int64) {
        guard storedNumber != 0 else {
            self = .anonymous
            return
        }
        guard let number = PhoneNumber(rawValue: storedNumber) else { return nil }
        self = .number(number)
    }
}
