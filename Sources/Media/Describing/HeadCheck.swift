import Support
import Transfer
import TwilioAPI

extension MediaServices {
    /// Takes note of how a request for the last bytes was answered, and checks whether HEAD would have told the same.
    ///
    /// Only the API's own addresses are looked at. Presigned ones are signed for GET alone, and video's envelope can
    /// need the last bytes anyway.
    ///
    /// - Parameters:
    ///   - head: the answer's beginning.
    ///   - size: the exact size of the media, in bytes.
    func learnProbe(from head: ResponseHead, size: Int64, of resource: MediaResource) {
        // Of something smaller than the last bytes all of it is the right answer.
        guard resource.kind.mediaAccess == .direct, head.address.credentials != nil, size > MediaFacts.tailSize,
            let origin = head.address.origin
        else { return }
        let isToBeChecked = probes.withLock {
            $0.learn(ignoresRanges: head.status == 200, at: origin, now: .now)
        }
        guard isToBeChecked else { return }
        let request = Request(method: .head, address: head.address, priority: .background, redirects: .report)
        transfer.send(request) { [probes] result in
            let told = (try? result.get())?.head.exactSize
            probes.withLock { $0.headWasChecked(at: origin, tellsSize: told == size) }
        }
    }
}

extension ResponseHead {
    /// The size that an answer to HEAD tells of the resource itself; nil when it tells none that could be relied on.
    var exactSize: Int64? {
        // A length of 0 is what servers say that don't know it, and one of encoded content is another one.
        guard status == 200, let contentLength, contentLength > 0, headers["Content-Encoding"] == nil,
            headers["Transfer-Encoding"] == nil, MediaAnswerCheck.refusal(of: self) == nil
        else { return nil }
        return contentLength
    }
}
