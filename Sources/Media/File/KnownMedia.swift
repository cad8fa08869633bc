import Envelope
import Glibc
import Support
import Transfer
import TwilioAPI

/// The known facts and addresses of one recording's media, and its expected answers.
///
/// Lock order: the file's lock (``FileContent``), then this one.
final class KnownMedia: Sendable {
    let resource: MediaResource
    let services: MediaServices
    let state: Locked<FactsState>

    /// The source of addresses, made on demand.
    private let addressSource = Locked<(any MediaAddresses)?>(nil)

    /// - Parameter facts: from an earlier description.
    init(_ facts: MediaFacts?, of resource: MediaResource, services: MediaServices) {
        self.resource = resource
        self.services = services
        state = Locked(FactsState(facts, of: resource))
    }

    var sid: SID { resource.sid }

    /// The facts; nil while they are unknown.
    var facts: MediaFacts? { state.withLock { $0.facts } }

    /// Whether the media was truncated at its last description.
    var isCut: Bool { state.withLock { $0.isCut } }

    // MARK: Learning

    /// Decides whether to believe unconfirmed facts because earlier descriptions agree.
    ///
    /// - Returns: the facts, confirmed if only time was missing, and whether they were reported long enough.
    func settled(_ described: Result<MediaFacts, MediaError>) -> (Result<MediaFacts, MediaError>, isSettled: Bool) {
        guard case .success(let facts) = described, !facts.isConfirmed else { return (described, true) }
        let isSettled = services.provisionalSizes.withLock { $0.isSettled(facts, of: sid, now: services.now) }
        let isRight = isSettled && facts.completeness != .whole && facts.isPlaintextSizeExact
        return (isRight ? .success(facts.confirmed) : described, isSettled)
    }

    /// Reports new facts.
    func factsWereLearnt(_ facts: MediaFacts) {
        services.provisionalSizes.withLock { sizes in
            if facts.isConfirmed { sizes.forget(sid) } else { sizes.note(facts, of: sid, now: services.now) }
        }
        services.observer.mediaWasDescribed(sid, of: resource.accountSID, as: facts)
    }

    /// Confirms the facts, which agree with a content that was made from `facts`, unless others were learnt since.
    func confirm(_ facts: MediaFacts?) {
        let confirmed = state.withLock { state -> MediaFacts? in
            guard let facts, let now = state.facts, now.confirmed == facts.confirmed else { return nil }
            return state.confirm()
        }
        if let confirmed { factsWereLearnt(confirmed) }
    }

    /// Notes the size in the answer to a request for a range, which confirms the facts of sealed media.
    func rangeDidBegin(_ head: ResponseHead) {
        guard let total = head.contentRange?.total else { return }
        services.provisionalSizes.withLock { $0.noteAnswer(of: sid, size: total) }
        if let facts, !facts.isConfirmed, isSealed(facts) { confirm(facts) }
    }

    // MARK: Doubts

    /// Doubts the facts; see ``FactsState/doubt()``.
    @discardableResult
    func doubt() -> Bool { state.withLock { $0.doubt() } }

    /// Doubts facts that are unconfirmed, lack a needed tail or are of another number of channels.
    func doubtUnsureFacts() {
        state.withLock { state in
            guard let facts = state.facts else { return }
            let channels = requestedChannels(hasRefused: state.hasRefusedChannels)
            if !facts.isConfirmed || facts.lacksTail && isSealed(facts) || facts.requestedChannels != channels {
                state.doubt()
            }
        }
    }

    // MARK: Channels

    /// The number of channels to request, as in ``MediaFacts/requestedChannels``.
    var requestedChannels: Int64? { requestedChannels(hasRefused: state.withLock { $0.hasRefusedChannels }) }

    /// Twilio mixes a conference of two channels down to one unless both are requested.
    private func requestedChannels(hasRefused: Bool) -> Int64? {
        guard resource.kind.mediaAccess == .direct, resource.channels == 2, !readsElsewhere else { return nil }
        return hasRefused ? 0 : 2
    }

    /// Twilio's error number for an unavailable number of channels.
    private static let channelsNotAvailable = 16113

    /// Stops requesting both channels if Twilio has refused them; returns whether `error` says so.
    ///
    /// The error number decides: a status 400 alone may come from a proxy or mean something else.
    func stopAskingForChannels(after error: TransferError) -> Bool {
        guard requestedChannels == 2, error.status == 400,
            TwilioError(error, subject: "the media of \(sid)").twilioCode == Self.channelsNotAvailable
        else { return false }
        state.withLock { $0.noteRefusedChannels() }
        forgetAddresses()
        return true
    }

    // MARK: Expectations

    /// Whether media with these facts has an envelope.
    func isSealed(_ facts: MediaFacts) -> Bool { resource.encryptionDetails != nil || !facts.envelopeFields.isEmpty }

    /// Whether plaintext is doubtful: the resource names a key, or the media had an envelope before.
    var mustBeSealed: Bool {
        namesKey || state.withLock { $0.doubted.map { !$0.envelopeFields.isEmpty } ?? false }
    }

    /// Whether the resource has encryption details or names a public key.
    var namesKey: Bool { resource.encryptionDetails != nil || resource.publicKeySID != nil }

    /// Whether the media probably has an envelope.
    var expectsEnvelope: Bool {
        mustBeSealed
            || resource.kind.envelopePlace == .media
                && services.probes.withLock { $0.expectsEnvelope(of: resource.kind) }
    }

    // MARK: Addresses

    /// The source of the media's addresses.
    func addresses() throws(MediaError) -> any MediaAddresses {
        let channels = requestedChannels.flatMap { $0 > 0 ? $0 : nil }
        do throws(TwilioError) {
            return try addressSource.withLock { (source) throws(TwilioError) in
                if let source { return source }
                let made = try services.clients.client(for: resource).mediaAddresses(
                    of: resource, channels: channels, retriesNotFound: mayBeTooYoung)
                source = made
                return made
            }
        } catch {
            throw MediaError(.transferFailed, sid, error.message, cause: error)
        }
    }

    /// Forgets the addresses: a redirect may have led to an error page, or a host may be gone.
    func forgetAddresses() { addressSource.withLock { $0 = nil } }

    /// Whether a 404 may mean that the media isn't available yet, which is normal for some seconds.
    var mayBeTooYoung: Bool {
        // Twilio never gets media that is kept elsewhere: readers would wait in vain.
        guard !isKeptElsewhere || readsElsewhere, let created = resource.dateCreated else { return false }
        // `dateCreated` is the recording's beginning.
        let age = Int64(time(nil)) - created.seconds - (resource.duration ?? 0)
        return age < 900
    }

    /// Whether the media is in a bucket of the account's owner.
    var isKeptElsewhere: Bool {
        guard let location = resource.mediaLocation else { return false }
        return !services.clients.client(for: resource).isTwilioMedia(location: location)
    }

    /// Whether the media is read from that bucket.
    var readsElsewhere: Bool { services.clients.client(for: resource).readsElsewhere(resource) }
}
