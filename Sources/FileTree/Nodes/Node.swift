import TwilioAPI

/// A node of the tree: a place in the branch of one account.
struct Node: Hashable, Sendable {
    let place: Place
    let branch: BranchNumber

    init(_ place: Place, in branch: BranchNumber = .main) {
        self.place = place
        self.branch = branch
    }
}

/// Which account's branch is meant: counted from that of the mounted account, anew at each mount.
///
/// Small, because there is one in each of the million nodes that the kernel may know.
struct BranchNumber: RawRepresentable, Hashable, Sendable {
    let rawValue: UInt16

    /// The mounted account's own.
    static let main = BranchNumber(rawValue: 0)

    /// How many subaccounts there are numbers for.
    static let subaccountLimit = Int(UInt16.max)
}

/// A place in an account's branch.
enum Place: Hashable, Sendable {
    /// A directory.
    case directory(Directory)

    /// The decrypted media of a recording.
    case media(SID, MediaKind)

    /// The resource of a recording, as JSON.
    case metadata(SID, MediaKind)

    /// A symbolic link to a recording's media.
    case link(SID, MediaKind, View)

    /// A file about the mount itself.
    case control(ControlFile)
}

/// In which view a link is.
enum View: Hashable, Sendable {
    /// By the day on which recordings were made.
    case date

    /// By the call or the room to which they belong.
    case group
}

/// A file about the mount itself; its name.
public enum ControlFile: String, CaseIterable, Hashable, Sendable {
    /// The status, in JSON.
    case status = "status.json"

    /// The metrics, in Prometheus' text format.
    case metrics

    /// The version of the program.
    case version
}
