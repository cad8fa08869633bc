import Support
import Transfer
import TwilioAPI

extension MediaServices {
    /// Notes whether a host honours ranges; if not, checks whether its answer to HEAD has the same size.
    ///
    /// It considers only addresses of the API itself. Presigned ones are signed for GET alone, and the probe of video
    /// may need the last bytes anyway.
    func learnProbe(from head: ResponseHead, size: Int64, of resource: MediaResource) {
        // A host that honours ranges may send all of media that is no larger than the tail.
        guard resource.kind.mediaAccess == .direct, head.address.credentials != nil, size > MediaFacts.tailSize,
            let origin = head.address.origin
        else { return }
        guard probes.withLock({ $0.learn(ignoresRanges: head.status == 200, at: origin, now: now) }) else { return }
        let request = Request(
            method: .head, address: head.address, priority: .background, redirects: .report, bodyLimit: 0)
        transfer.send(request) { [probes] result in
            let told = (try? result.get())?.head.exactSize
            probes.withLock { $0.headWasChecked(at: origin, tellsSize: told == size) }
        }
    }
}

extension ResponseHead {
    /// The media's size in an answer to HEAD; nil if the answer has no reliable size.
    var exactSize: Int64? {
        // Servers that don't know the length report 0, and encoded content has another length.
        guard status == 200, let contentLength, contentLength > 0, headers["Content-Encoding"] == nil,
            headers["Transfer-Encoding"] == nil, MediaAnswerCheck.refusal(of: self) == nil
        else { return nil }
        return contentLength
    }
}
