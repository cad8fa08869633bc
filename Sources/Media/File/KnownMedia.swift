import Envelope
import Support
import Transfer
import TwilioAPI

/// What is known of one recording's media: its facts, its addresses, and how answers with it have to be.
///
/// Lock order: the file's lock (``FileContent``) before this one.
final class KnownMedia: Sendable {
    let resource: MediaResource
    let services: MediaServices
    private let state: Locked<FactsState>

    /// The source of addresses; nil until it is needed, and after ``forgetAddresses()``.
    private let addressSource = Locked<MediaAddressSource?>(nil)

    /// - Parameter facts: from before.
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

    /// Judges by earlier descriptions whether unconfirmed facts are believed all the same.
    ///
    /// - Returns: the facts, confirmed if only time was missing, and whether they were told for long enough.
    func settled(_ described: Result<MediaFacts, MediaError>) -> (Result<MediaFacts, MediaError>, isSettled: Bool) {
        guard case .success(let facts) = described, !facts.isConfirmed else { return (described, true) }
        let isSettled = services.provisionalSizes.withLock { $0.isSettled(facts, of: sid, now: .now) }
        let isRight = isSettled && facts.completeness != .whole && facts.isPlaintextSizeExact
        return (isRight ? .success(facts.confirmed) : described, isSettled)
    }

    /// Reports new facts.
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

    /// The content agrees with the facts: from now on they count for good.
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

    /// Has the facts learnt anew when they are next needed, and compared; see ``FactsState/doubt()``.
    @discardableResult
    func doubt() -> Bool { state.withLock { $0.doubt() } }

    /// Doubts facts that may be wrong: unconfirmed ones, those without a tail, those of another number of channels.
    func doubtUnsureFacts() {
        state.withLock { state in
            guard let facts = state.facts else { return }
            let channels = requestedChannels(hasRefused: state.hasRefusedChannels)
            if !facts.isConfirmed || facts.lacksTail && isSealed(facts) || facts.requestedChannels != channels {
                state.doubt()
            }
        }
    }

    /// The media has changed: new facts aren't compared with these.
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

    /// Stops asking for as many channels as the recording has, if an error says that it can't be had so.
    ///
    /// A status 400 alone may be a proxy's, or mean something else.
    ///
    /// - Returns: whether it says so, and they were asked for.
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

    /// Whether media without an envelope can't be the recording: its resource names the public key, or it had one.
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

    /// Has addresses asked for anew: a redirect may have led to a page in the media's place, or a host may be gone.
    func forgetAddresses() {
        addressSource.withLock { $0 = nil }
    }

    /// Whether a 404 may only mean that the media is too young, which is normal for some seconds.
    var mayBeTooYoung: Bool {
        // Twilio never has that media: each reader would wait for the longest patience.
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
