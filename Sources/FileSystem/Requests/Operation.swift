/// What the kernel asks for, by the name that the log has for it.
enum Operation: String, Sendable {
    case lookUp = "lookup"
    case forget
    case getAttributes = "getattr"
    case access
    case readLink = "readlink"
    case getStatistics = "statfs"
    case getExtendedAttribute = "getxattr"
    case listExtendedAttributes = "listxattr"
    case openDirectory = "opendir"
    case readDirectory = "readdir"
    case releaseDirectory = "releasedir"
    case open
    case read
    case release

    /// Anything that would change the tree.
    case change
}
