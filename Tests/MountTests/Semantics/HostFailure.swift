/// Why a host can't be reached, as in the first column of the table in `doc/semantics.md`.
enum HostFailure: String, CaseIterable {
    case refused = "connections are refused"
    case unknownName = "the name doesn't resolve"
    case certificate = "the certificate isn't trusted"
    case silence = "nobody answers"
}
