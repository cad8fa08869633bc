/// The operations of the kernel's requests.
enum Operation: Int, CaseIterable, Sendable {
    case lookUp, forget, getAttributes, readLink, getStatistics, getExtendedAttribute, listExtendedAttributes
    case openDirectory, readDirectory, releaseDirectory
    case open, read, release
    /// Any change of the tree.
    case change

    /// The name in the log and the metrics: that of the system call, or FUSE's.
    var name: String {
        switch self {
        case .lookUp: "lookup"
        case .forget: "forget"
        case .getAttributes: "getattr"
        case .readLink: "readlink"
        case .getStatistics: "statfs"
        case .getExtendedAttribute: "getxattr"
        case .listExtendedAttributes: "listxattr"
        case .openDirectory: "opendir"
        case .readDirectory: "readdir"
        case .releaseDirectory: "releasedir"
        case .open: "open"
        case .read: "read"
        case .release: "release"
        case .change: "change"
        }
    }
}
