/// Is what a `Range` header asks of a body (RFC 9110, section 14), as S3 reads it: one range of bytes or none.
enum RequestedRange: Equatable {
    /// The whole body: there is no header, or it isn't one range of bytes.
    case whole
    /// These bytes.
    case part(Range<Int>)
    /// No byte of the body: 416.
    case unsatisfiable

    /// Reads a header's value for a body of `size` bytes.
    init(header: String?, size: Int) {
        guard let header, header.hasPrefix("bytes=") else {
            self = .whole
            return
        }
        let ends = header.dropFirst(6).split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard ends.count == 2 else {
            self = .whole
            return
        }
        switch (Int(ends[0]), Int(ends[1])) {
        case (let first?, let last?) where first <= last:
            self = first < size ? .part(first..<min(last + 1, size)) : .unsatisfiable
        case (let first?, nil) where ends[1].isEmpty:
            self = first < size ? .part(first..<size) : .unsatisfiable
        case (nil, let count?) where ends[0].isEmpty:
            self = count > 0 && size > 0 ? .part(max(0, size - count)..<size) : .unsatisfiable
        default:
            self = .whole
        }
    }
}
