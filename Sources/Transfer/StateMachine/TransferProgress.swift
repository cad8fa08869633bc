/// How far a transfer has come, and what is known of the resource from the answers so far.
struct TransferProgress {
    /// What was asked for at first.
    private let range: ByteRange?
    /// Offset in the resource of the next byte to hand on; `nil` until the first usable answer says where it begins.
    private(set) var position: Int64?
    /// Offset of the byte after the last one wanted; `nil` while that is the resource's end and its size isn't known.
    private(set) var end: Int64?
    /// The resource's size.
    private(set) var total: Int64?
    /// The resource's entity tag, exactly as the server wrote it.
    private var entityTag: String?
    /// How many bytes were handed on since `position` became known.
    private(set) var delivered: Int64 = 0

    init(range: ByteRange?, entityTag: String?) {
        self.range = range
        self.entityTag = entityTag
    }

    /// What the next attempt asks for.
    var wanted: ByteRange? {
        guard let position, delivered > 0 else { return range }
        return end.map { .bytes(position..<max($0, position)) } ?? .from(position)
    }

    /// Whether it is known that every wanted byte was handed on.
    var isComplete: Bool {
        guard let position, let end else { return false }
        return position >= end
    }

    mutating func advance(by count: Int64) {
        position = (position ?? 0) + count
        delivered += count
    }

    /// What an accepted answer's body is to be used for.
    struct Part: Equatable {
        /// How many of the next bytes were handed on before, and are dropped.
        var skip: Int64
        /// Offset of the byte after the last one announced; more than that contradicts the announcement.
        var announcedEnd: Int64?
        /// Offset at which what is wanted has come, although the answer goes on.
        var stop: Int64?
    }

    /// Takes a 200: the whole resource from its start.
    mutating func acceptWhole(_ head: ResponseHead, hasBody: Bool) throws(TransferError) -> Part {
        let length = hasBody ? head.contentLength : nil
        try check(head, total: length)
        guard delivered > 0, let position else {
            // The server doesn't know ranges (or wasn't asked for one): all of it is handed on.
            position = 0
            end = length
            return Part(skip: 0, announcedEnd: length, stop: nil)
        }
        if let length, length < position {
            throw changed("it is shorter than the part received so far")
        }
        if end == nil { end = length }
        let stop = end.flatMap { end in length.map { end < $0 } ?? true ? end : nil }
        return Part(skip: position, announcedEnd: length, stop: stop)
    }

    /// Takes a 206: a part of the resource, which must be the one that was asked for, or begin with it.
    mutating func acceptPart(_ head: ResponseHead) throws(TransferError) -> Part {
        guard let asked = wanted else {
            throw violation("\(head.address) sent a part where the whole was requested")
        }
        guard let got = head.contentRange else {
            throw violation("\(head.address) sent a part without its range (Content-Range is absent or malformed)")
        }
        if let length = head.contentLength, length != got.count {
            throw violation("\(head.address) announced \(length) bytes for a range of \(got.count)")
        }
        try check(head, total: got.total)
        switch asked {
        case .bytes(let range):
            guard got.first == range.lowerBound, got.last < range.upperBound else {
                throw violation("\(head.address) sent bytes \(got.first)-\(got.last) where \(range) was requested")
            }
            end = min(range.upperBound, total ?? .max)
        case .from(let offset):
            guard got.first == offset else {
                throw violation("\(head.address) sent bytes from \(got.first) where \(offset) was requested")
            }
            end = total
        case .suffix(let count):
            guard got.count <= count, got.total.map({ got.first == max(0, $0 - count) }) ?? true else {
                throw violation("\(head.address) sent bytes \(got.first)-\(got.last) as the last \(count)")
            }
            end = total ?? (got.last + 1)
        }
        if delivered == 0 { position = got.first }
        return Part(skip: 0, announcedEnd: got.last + 1, stop: nil)
    }

    /// Takes a 204: a resource without content.
    mutating func acceptEmpty(_ head: ResponseHead) throws(TransferError) -> Part {
        guard delivered == 0 else { throw changed("it has no content any more") }
        try check(head, total: 0)
        position = 0
        end = 0
        return Part(skip: 0, announcedEnd: 0, stop: nil)
    }

    /// Checks that the answer is of the same resource as those before it, and remembers what it says.
    private mutating func check(_ head: ResponseHead, total newTotal: Int64?) throws(TransferError) {
        if let newTag = head.headers["ETag"] {
            if let entityTag, entityTag != newTag {
                throw changed("its entity tag differs from what it was")
            }
            entityTag = newTag
        }
        if let newTotal {
            if let total, total != newTotal {
                throw changed("its size was \(total) bytes and is \(newTotal) now")
            }
            total = newTotal
        }
    }

    private func changed(_ what: String) -> TransferError {
        TransferError(.changed, "The resource has changed while it was downloaded: \(what).")
    }

    private func violation(_ what: String) -> TransferError {
        TransferError(.protocolViolation, "\(what).")
    }
}
