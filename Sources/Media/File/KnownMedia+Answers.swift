import Envelope
import Support
import Transfer
import TwilioAPI

extension MediaKind {
    /// The most bytes of media whose size isn't known yet, which an answer may not tell.
    ///
    /// A call ends after a day: 11 GiB of WAVE with two channels of 16 bits at 32 kHz. A day of video has 128 GiB at
    /// 13 Mbit/s, several times what Twilio sends.
    var largestMedia: Int64 {
        switch containers {
        case .wave: 16 << 30
        case .video: 128 << 30
        }
    }
}

/// Comparison of answers with the known facts, and errors of failed transfers.
extension KnownMedia {
    /// The contradiction of a complete answer to the facts, as the end of a sentence; nil if there is none.
    func contradiction(in head: ResponseHead) -> String? {
        guard let facts else { return nil }
        if let length = head.contentLength, length != facts.ciphertextSize {
            return "answered with \(length) bytes where the media has \(facts.ciphertextSize)"
        }
        return contradictionOfEntityTag(in: head)
    }

    /// The contradiction of an answer without the known entity tag, as the end of a sentence; nil if there is none.
    func contradictionOfEntityTag(in head: ResponseHead) -> String? {
        guard facts?.entityTag != nil, head.headers["ETag"] == nil else { return nil }
        return "answered without the media's entity tag"
    }

    /// The fields of an answer's envelope if it differs from the known one; nil if it doesn't.
    ///
    /// Every answer with encrypted video has the envelope. An answer without an envelope may be an error page. If the
    /// envelope differs, this answer or an earlier one is damaged, or the media has changed.
    func otherEnvelope(in head: ResponseHead) -> [String: String]? {
        guard resource.kind.envelopePlace == .media, let facts else { return nil }
        let fields = EnvelopeMetadata.s3EncryptionClientFields(of: head.headers)
        if fields == facts.envelopeFields { return nil }
        if let told = try? EnvelopeMetadata.s3EncryptionClient({ fields[$0] }),
            let known = try? EnvelopeMetadata.s3EncryptionClient({ facts.envelopeFields[$0] }),
            told.decryptsLike(known)
        {
            return nil
        }
        return fields
    }

    /// The most bytes that an answer with the media can have.
    var largestBody: Int64 { facts?.ciphertextSize ?? resource.kind.largestMedia }

    /// The error of a failed transfer of the media.
    func mediaError(_ error: TransferError) -> MediaError {
        if let external = try? addresses().externalError(error) { return externalError(external) }
        if let cause = error.cause as? TwilioError, error.code == .addressUnavailable {
            return missing(cause) ?? MediaError(.transferFailed, sid, cause.message, cause: error)
        }
        if error.code == .changed { return self.error(.changed, "has changed", cause: error) }
        if error.code == .cancelled {
            return MediaError(.shutDown, sid, "reading \(sid) was cancelled", cause: error)
        }
        let translated = TwilioError(error, subject: "the media of \(sid)")
        return missing(translated) ?? MediaError(.transferFailed, sid, translated.message, cause: error)
    }

    private func missing(_ error: TwilioError) -> MediaError? {
        guard error.code == .notFound else { return nil }
        guard isKeptElsewhere else { return MediaError(.mediaMissing, sid, error.message, cause: error) }
        let place = "is kept outside of Twilio, in a bucket of the account's owner"
        guard let issue = services.clients.client(for: resource).externalMediaIssue(of: resource) else {
            return self.error(.mediaMissing, place, cause: error)
        }
        return denied("\(place), and can't be read there: \(issue)", reason: issue, cause: error)
    }

    /// The error of media that can't be read from the account owner's bucket.
    private func externalError(_ error: ExternalMediaError) -> MediaError {
        switch error.code {
        case .missing: self.error(.mediaMissing, error.message, cause: error.cause)
        case .unavailable: self.error(.transferFailed, error.message, cause: error.cause)
        case .denied: denied(error.message, reason: error.details, cause: error.cause)
        }
    }

    private func denied(_ predicate: String, reason: String, cause: (any Error)?) -> MediaError {
        let error = error(.accessDenied, predicate, cause: cause)
        services.reportDenial(error, reason: reason)
        return error
    }

    /// Makes an error with a sentence about the media: "the media of RE… has changed".
    func error(_ code: MediaErrorCode, _ predicate: String, cause: (any Error)? = nil) -> MediaError {
        MediaError(code, sid, "the media of \(sid) \(predicate)", cause: cause)
    }

    /// Runs operations on temporary files, and translates their errors.
    func onDisk<Result>(_ body: () throws(SystemError) -> Result) throws(MediaError) -> Result {
        do throws(SystemError) {
            return try body()
        } catch {
            throw MediaError(.storage, sid, error.message, cause: error)
        }
    }

    /// The error of opening truncated media.
    var endIsMissing: MediaError {
        error(
            .transferFailed,
            "is shorter than its header or its resource says: it may not be complete yet; try again later")
    }
}
