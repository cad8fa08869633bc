import Envelope
import Support
import Transfer
import TwilioAPI

/// What is known of one recording's media: its facts, where it is, and what an answer with it has to look like.
///
/// Safe to use from any thread. Its lock may be taken under the file's, never the other way round.
final class KnownMedia: Sendable {
    let resource: MediaResource
    let services: MediaServices
    private let state: Locked<FactsState>

    /// The source of addresses; nil until it is needed, and after ``forgetAddresses()``.
    private let addressSource = Locked<MediaAddressSource?>(nil)

    /// - Parameter facts: what is known of the media from before.
    init(_ facts: MediaFacts?, of resource: MediaResource, services: MediaServices) {
        self.resource = resource
        self.services = services
        state = Locked(FactsState(facts, of: resource))
    }

    var sid: SID { resource.sid }

    /// The facts; nil while they are learnt, or aren't known.
    var facts: MediaFacts? { state.withLock { $0.facts } }

    /// Whether the media was cut when it was last described.
    var isCut: Bool { state.withLock { $0.isCut } }

    // MARK: Learning

    /// Somebody asks for the facts; see ``FactsState/describe(_:hasReaders:now:waiter:)``.
    func describe(
        _ priority: Priority, hasReaders: Bool, waiter: @escaping Learnt<MediaFacts>.Waiter
    ) -> FactsState.Step {
        state.withLock { $0.describe(priority, hasReaders: hasReaders, now: .now, waiter: waiter) }
    }

    /// A request has ended; see ``FactsState/end(_:isSettled:priority:now:)``.
    func descriptionDidEnd(
        _ described: Result<MediaFacts, MediaError>, isSettled: Bool, priority: Priority
    ) -> FactsState.End? {
        state.withLock { $0.end(described, isSettled: isSettled, priority: priority, now: .now) }
    }

    /// Judges by earlier descriptions whether facts that aren't confirmed are to be believed all the same.
    ///
    /// - Returns: the facts, confirmed if nothing but time was missing, and whether they have been told for long
    ///   enough.
    func settled(_ described: Result<MediaFacts, MediaError>) -> (Result<MediaFacts, MediaError>, isSettled: Bool) {
        guard case .success(let facts) = described, !facts.isConfirmed else { return (described, true) }
        let isSettled = services.provisionalSizes.withLock { $0.isSettled(facts, of: sid, now: .now) }
        let isRight = isSettled && facts.completeness != .whole && facts.isPlaintextSizeExact
        return (isRight ? .success(facts.confirmed) : described, isSettled)
    }

    /// Tells others of facts that were learnt.
    func factsWereLearnt(_ facts: MediaFacts) {
        services.provisionalSizes.withLock { sizes in
            if facts.isConfirmed {
                sizes.forget(sid)
            } else {
                sizes.note(facts, of: sid, now: .now)
            }
        }
        services.observer.mediaWasDescribed(sid, of: resource.accountSID, as: facts)
    }

    /// The content has turned out to be what the facts say: from now on they count for good.
    func confirm() {
        if let confirmed = state.withLock({ $0.confirm() }) { factsWereLearnt(confirmed) }
    }

    /// A range of the media comes, of the size that is known: for sealed media that counts for good.
    func rangeDidBegin(_ head: ResponseHead) {
        guard let total = head.contentRange?.total else { return }
        services.provisionalSizes.withLock { $0.noteAnswer(of: sid, size: total) }
        if let facts, !facts.isConfirmed, isSealed(facts) { confirm() }
    }

    // MARK: Doubts

    /// Has the facts learnt anew when they are next needed, and compared with these.
    ///
    /// - Returns: whether they were known.
    @discardableResult
    func doubt() -> Bool { state.withLock { $0.doubt() } }

    /// Doubts facts that may be wrong, before the media is opened.
    ///
    /// They were learnt from a server that ignored ranges, at an earlier mount, or for another number of channels.
    func doubtUnsureFacts() {
        state.withLock { state in
            guard let facts = state.facts else { return }
            let channels = requestedChannels(hasRefused: state.hasRefusedChannels)
            if !facts.isConfirmed || facts.lacksTail && isSealed(facts) || facts.requestedChannels != channels {
                state.doubt()
            }
        }
    }

    /// The media has changed: there is nothing to compare new facts with.
    func forget() { state.withLock { $0.forget() } }

    // MARK: Channels

    /// The number of channels that are asked for, in the form of ``MediaFacts/requestedChannels``.
    var requestedChannels: Int64? {
        requestedChannels(hasRefused: state.withLock { $0.hasRefusedChannels })
    }

    /// A conference with two channels is mixed down to one unless both are asked for.
    private func requestedChannels(hasRefused: Bool) -> Int64? {
        guard resource.kind.mediaAccess == .direct, resource.channels == 2 else { return nil }
        return hasRefused ? 0 : 2
    }

    /// Twilio's error number for a recording that can't be had in as many channels as were asked for.
    private static let channelsNotAvailable = 16113

    /// Takes note that the recording can't be had in as many channels as it has, if an error says so: from now on it is
    /// asked for as it is.
    ///
    /// A status 400 alone may be a proxy's, or mean something else.
    ///
    /// - Returns: whether the error says so, and they were asked for.
    func stopAskingForChannels(after error: TransferError) -> Bool {
        guard requestedChannels == 2, error.status == 400,
            TwilioError(error, subject: "the media of \(sid)").twilioCode == Self.channelsNotAvailable
        else { return false }
        state.withLock { $0.noteRefusedChannels() }
        forgetAddresses()
        return true
    }

    // MARK: Expectations

    /// Whether media with these facts is in an envelope.
    func isSealed(_ facts: MediaFacts) -> Bool {
        resource.encryptionDetails != nil || !facts.envelopeFields.isEmpty
    }

    /// Whether the media can't be what was recorded without an envelope: its resource names the public key, or it had
    /// one before.
    var mustBeSealed: Bool {
        if namesKey { return true }
        return state.withLock { $0.doubted.map { !$0.envelopeFields.isEmpty } ?? false }
    }

    /// Whether the resource says that the media is encrypted.
    var namesKey: Bool { resource.encryptionDetails != nil || resource.publicKeySID != nil }

    /// Whether the media is probably in an envelope.
    var expectsEnvelope: Bool {
        if mustBeSealed { return true }
        return resource.kind.envelopePlace == .media
            && services.probes.withLock { $0.expectsEnvelope(of: resource.kind) }
    }

    // MARK: Addresses

    /// Where the media is downloaded from.
    func addresses() throws(MediaError) -> MediaAddressSource {
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

    /// Forgets where the media is served, which is asked for anew: what came from there can't be used.
    ///
    /// A redirect may have led to a page in the media's place, and an address in use may be of a host that is gone.
    func forgetAddresses() {
        addressSource.withLock { $0 = nil }
    }

    /// Whether the media may be too young for its address to answer yet: a 404 is normal for some seconds.
    var mayBeTooYoung: Bool {
        // Twilio never has it: waiting would cost each reader the longest patience.
        guard !isKeptElsewhere else { return false }
        guard let created = resource.dateCreated else { return false }
        // Recordings are created when they begin.
        let age = Clock.now - created.seconds - (resource.duration ?? 0)
        return age < 900
    }

    /// Whether the resource says that the media is in a bucket of the account's owner.
    var isKeptElsewhere: Bool {
        guard let location = resource.mediaLocation else { return false }
        return !services.clients.client(for: resource).isTwilioMedia(location: location)
    }
}
