/// The progress of a transfer and the known properties of the resource.
struct TransferProgress {
    /// The range requested at first.
    let range: ByteRange?
    /// The offset of the next byte to deliver; nil before the first usable response.
    private(set) var position: Int64?
    /// The offset after the last byte wanted; nil while that is the resource's unknown end.
    private(set) var end: Int64?
    /// The resource's size.
    private(set) var total: Int64?
    /// The resource's entity tag, as received.
    private(set) var entityTag: String?
    /// The number of bytes delivered since `position` became known.
    private(set) var delivered: Int64 = 0

    /// The range of the next attempt.
    var wanted: ByteRange? {
        guard let position, delivered > 0 else { return range }
        return end.map { .bytes(position..<max($0, position)) } ?? .from(position)
    }

    /// The condition under which a broken download goes on: a strong entity tag, which alone compares in `If-Match`.
    var condition: String? {
        guard delivered > 0, let tag = entityTag, tag.utf8.count >= 2,
            tag.hasPrefix("\""), tag.hasSuffix("\""), tag.utf8.dropFirst().dropLast().allSatisfy(Self.isTagCharacter)
        else { return nil }
        return tag
    }

    /// Whether a byte may stand in an entity tag (RFC 9110, 8.8.3).
    private static func isTagCharacter(_ byte: UInt8) -> Bool { byte == 0x21 || (0x23...0x7e).contains(byte) }

    /// Whether every wanted byte is known to be delivered.
    var isComplete: Bool {
        guard let position, let end else { return false }
        return position >= end
    }

    /// The use of a response's body.
    struct Part: Equatable {
        /// The number of bytes to skip, delivered before.
        var skip: Int64
        /// The offset after the last byte announced; more bytes contradict the announcement.
        var announcedEnd: Int64?
        /// The offset at which the wanted bytes end before the response does.
        var stop: Int64?
    }

    /// Accepts a response with the resource or a part of it.
    mutating func accept(_ head: ResponseHead, of plan: TransferPlan) throws(TransferError) -> Part {
        switch head.status {
        case 206 where plan.method == .get: try acceptPart(head)
        case 204 where plan.isDownload: try acceptEmpty(head)
        default: try acceptWhole(head, hasBody: plan.method != .head && head.status != 204)
        }
    }

    /// Takes bytes of a response; returns the part of them to deliver.
    ///
    /// - Throws: `protocolViolation` if there are more than announced, `bodyTooLarge` beyond the limit in bytes.
    mutating func take(
        _ count: Int, of part: inout Part, limit: Int64, from address: Address
    ) throws(TransferError) -> Range<Int> {
        let skipped = Int(min(part.skip, Int64(count)))
        part.skip -= Int64(skipped)
        let position = position ?? 0
        let fresh = max(0, min(Int64(count - skipped), (part.stop ?? .max) - position))
        if let announced = part.announcedEnd, fresh > announced - position {
            throw TransferError(.protocolViolation, "\(address) sent more bytes than it announced.")
        }
        guard fresh <= limit - delivered else { throw .tooLarge(address, limit: limit) }
        if fresh > 0 { (self.position, delivered) = (position + fresh, delivered + fresh) }
        return skipped..<skipped + Int(fresh)
    }

    /// Whether a 416 means that the body, which had no announced length, broke off after its last byte.
    func isExactlyAtEnd(_ head: ResponseHead) -> Bool {
        guard delivered > 0, let text = head.headers["Content-Range"] else { return false }
        return ContentRange.totalOfUnsatisfiedRange(text).map { $0 == position } ?? false
    }

    /// The error of a download whose condition or range a server refuses (412, 416); nil for other refusals.
    ///
    /// - Parameter isConditional: Whether the request was sent with `If-Match`.
    func refusal(_ response: Response, isConditional: Bool) -> TransferError? {
        let head = response.head
        switch head.status {
        case 412 where isConditional: return changed("its entity tag is no longer what it was")
        case 416:
            guard let first = wanted?.first else { return nil }
            guard let total = head.headers["Content-Range"].flatMap({ ContentRange.totalOfUnsatisfiedRange($0) }) else {
                return violation(head, "has no bytes at \(first), without saying how many it has")
            }
            if total <= first { return changed("it ends at byte \(total), before byte \(first)") }
            return violation(head, "refuses bytes at \(first), although it has \(total)")
        default: return nil
        }
    }

    /// Accepts a 200: the whole resource from its start.
    private mutating func acceptWhole(_ head: ResponseHead, hasBody: Bool) throws(TransferError) -> Part {
        let length = hasBody ? head.contentLength : nil
        try check(head, total: length)
        guard delivered > 0, let position else {
            // Without ranges (not requested or not supported), the whole resource is delivered.
            position = 0
            end = length
            return Part(skip: 0, announcedEnd: length, stop: nil)
        }
        if let length, length < position { throw changed("it is shorter than the part received so far") }
        if end == nil { end = length }
        let stop = end.flatMap { end in length.map { end < $0 } ?? true ? end : nil }
        return Part(skip: position, announcedEnd: length, stop: stop)
    }

    /// Accepts a 206: a part of the resource, which has to begin like the requested range.
    private mutating func acceptPart(_ head: ResponseHead) throws(TransferError) -> Part {
        guard let asked = wanted else {
            throw violation(head, "sent a part where the whole was requested")
        }
        guard let got = head.contentRange else {
            throw violation(head, "sent a part without its range (Content-Range is absent or malformed)")
        }
        if let length = head.contentLength, length != got.count {
            throw violation(head, "announced \(length) bytes for a range of \(got.count)")
        }
        try check(head, total: got.total)
        switch asked {
        case .bytes(let range):
            guard got.first == range.lowerBound, got.last < range.upperBound else {
                throw violation(head, "sent bytes \(got.first)-\(got.last) where \(range) was requested")
            }
            end = min(range.upperBound, total ?? .max)
        case .from(let offset):
            guard got.first == offset else {
                throw violation(head, "sent bytes from \(got.first) where \(offset) was requested")
            }
            end = total
        case .suffix(let count):
            guard got.count <= count, got.total.map({ got.first == max(0, $0 - count) }) ?? true else {
                throw violation(head, "sent bytes \(got.first)-\(got.last) as the last \(count)")
            }
            end = total ?? (got.last + 1)
        }
        if delivered == 0 { position = got.first }
        return Part(skip: 0, announcedEnd: got.last + 1, stop: nil)
    }

    /// Accepts a 204: a resource without content.
    private mutating func acceptEmpty(_ head: ResponseHead) throws(TransferError) -> Part {
        guard delivered == 0 else { throw changed("it has no content any more") }
        try check(head, total: 0)
        position = 0
        end = 0
        return Part(skip: 0, announcedEnd: 0, stop: nil)
    }

    /// Checks that the response belongs to the same resource as earlier ones, and stores its tag and size.
    private mutating func check(_ head: ResponseHead, total newTotal: Int64?) throws(TransferError) {
        if let newTag = head.headers["ETag"] {
            // A tag can become weak on its way, when a proxy has had its hands on the answer (RFC 9110, 8.8.3.2).
            if let entityTag, Self.opaque(entityTag) != Self.opaque(newTag) {
                throw changed("its entity tag differs from what it was")
            }
            if entityTag?.hasPrefix("\"") != true { entityTag = newTag }
        }
        if let newTotal {
            if let total, total != newTotal { throw changed("its size was \(total) bytes and is \(newTotal) now") }
            total = newTotal
        }
    }

    /// An entity tag without the mark of a weak one.
    private static func opaque(_ tag: String) -> Substring { tag.hasPrefix("W/") ? tag.dropFirst(2) : tag[...] }

    /// The error of a changed resource; `how` is a clause about the change.
    func changed(_ how: String) -> TransferError {
        TransferError(.changed, "The resource has changed while it was downloaded: \(how).")
    }

    private func violation(_ head: ResponseHead, _ act: String) -> TransferError {
        TransferError(.protocolViolation, "\(head.address) \(act).")
    }
}
