import Catalog
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

/// The number of an account's branch: 0 for the mounted account, assigned anew at each mount.
///
/// It is small, because each of the million nodes that the kernel may know has one.
struct BranchNumber: RawRepresentable, Hashable, Sendable {
    let rawValue: UInt16

    /// The branch of the mounted account.
    static let main = BranchNumber(rawValue: 0)
    /// The greatest number of subaccounts.
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

    /// The recording of a file, a resource or a link.
    var recording: SID? {
        switch self {
        case .media(let sid, _), .metadata(let sid, _), .link(let sid, _, _): sid
        case .directory, .control: nil
        }
    }
}

/// The view of a link.
enum View: Hashable, Sendable {
    /// By the day of the recording.
    case date
    /// By the call or the room of the recording.
    case group
    /// By the conference of the recording.
    case conference
    /// By the telephone number of the caller.
    case caller
    /// By the telephone number of the party that was called.
    case callee

    /// The views of recordings of a kind.
    static func all(of kind: MediaKind) -> [View] {
        kind.group == .call ? [.date, .group, .conference, .caller, .callee] : [.date, .group]
    }
}

/// A file about the mount itself; its raw value is its name.
public enum ControlFile: String, CaseIterable, Hashable, Sendable {
    /// The status, in JSON.
    case status = "status.json"
    /// The metrics, in Prometheus' text format.
    case metrics
    /// The version of the program.
    case version
}
