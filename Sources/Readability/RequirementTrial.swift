import Catalog
import Media
import Support
import Transfer
import TwilioAPI

/// Tries recordings that have a requirement, to determine whether it is held.
struct RequirementTrial: Sendable {
    /// Recordings tried per group, from all over the catalog: some may be damaged.
    private static let attempts = 16

    /// Recordings tried per bucket: each needs a request.
    private static let bucketAttempts = 3

    /// The failures needed for a verdict if other trials were inconclusive.
    private static let leastFailures = 3

    /// The longest trial of a key with one recording: video may need a request.
    private static let patience = Duration.seconds(60)

    /// The longest trial of a bucket, all recordings together.
    private static let bucketPatience = Duration.seconds(5)

    /// The interval for releasing overdue listings during a trial.
    private static let interval = Duration.milliseconds(500)

    let library: MediaLibrary
    let waiters: ListingWaiters

    /// Whether the private key of a requirement is proven to open recordings of a kind.
    func hasProof(of requirement: MediaRequirement, _ kind: MediaKind) -> Bool {
        guard case .privateKey(let sid) = requirement else { return false }
        return library.isKeyHeld(publicKeySID: sid, kind: kind) == true
    }

    /// Recordings of a group to try.
    func examples(
        of requirement: MediaRequirement, _ group: RequirementGroup, in catalog: Catalog
    ) throws(CatalogError) -> [MediaResource] {
        let attempts = requirement == .bucket ? Self.bucketAttempts : Self.attempts
        var resources: [MediaResource] = []
        for sid in try catalog.requirements.examples(of: group.number, kind: group.kind, limit: attempts) {
            if let resource = try catalog.resource(of: sid) { resources.append(resource) }
        }
        return resources
    }

    /// Whether a requirement is held, which one readable recording proves; nil if unknown.
    ///
    /// Blocks until the recordings are tried.
    func isHeld(
        _ requirement: MediaRequirement, _ group: RequirementGroup, tryingWith resources: [MediaResource],
        in catalog: Catalog
    ) throws(CatalogError) -> Bool? {
        if hasProof(of: requirement, group.kind) { return true }
        if requirement == .bucket { return isAnyReadable(resources) }
        var verdicts: [Bool?] = []
        for resource in resources {
            let verdict = isKeyHeld(for: resource, facts: try catalog.media.facts(of: resource.sid)?.facts)
            if verdict == true { return true }
            verdicts.append(verdict)
        }
        return Self.verdict(of: verdicts)
    }

    /// The verdict on a requirement after the trials of some recordings, each nil if it was inconclusive.
    static func verdict(of trials: [Bool?]) -> Bool? {
        if trials.contains(true) { return true }
        let failures = trials.count { $0 == false }
        return failures > 0 && (failures == trials.count || failures >= Self.leastFailures) ? false : nil
    }

    private func isKeyHeld(for resource: MediaResource, facts: [UInt8]?) -> Bool? {
        let answer = Condition<Bool??>(nil)
        let deadline = ContinuousClock.now + Self.patience
        library.findOutKey(of: resource, facts: facts.flatMap { MediaFacts(stored: $0) }) { isHeld in
            answer.change { $0 = .some(isHeld) }
        }
        while !waiters.isShutDown {
            let found: Bool?? = answer.wait(timeout: Self.interval) { $0 }
            if let isHeld = found { return isHeld }
            waiters.releaseOverdue()
            guard ContinuousClock.now < deadline else { return nil }
        }
        return nil
    }

    /// Whether any of these recordings can be read: from the bucket, or from Twilio despite the location in its
    /// resource, and with a private key that is held if it is encrypted.
    ///
    /// Nil if that is unknown.
    private func isAnyReadable(_ resources: [MediaResource]) -> Bool? {
        let answers = Condition<[Bool?]>([])
        for resource in resources {
            library.describe(resource, priority: .background) { [library] result in
                switch result {
                case .success(let facts) where !facts.isEncrypted && resource.encryptionDetails == nil:
                    answers.change { $0.append(true) }
                case .failure(let error) where Self.isThere(after: error) != true:
                    answers.change { $0.append(Self.isThere(after: error)) }
                case .success, .failure:
                    library.findOutKey(of: resource, facts: nil) { isHeld in
                        answers.change { $0.append(isHeld) }
                    }
                }
            }
        }
        let known = answers.wait(timeout: Self.bucketPatience) { answers -> [Bool?]? in
            answers.contains(true) || answers.count == resources.count ? answers : nil
        }
        // A trial without an answer in time is inconclusive.
        let trials = known ?? answers.change { $0 }
        return Self.verdict(of: trials + Array(repeating: nil, count: resources.count - trials.count))
    }

    /// Whether a recording's media can be fetched, although it can't be described; nil if unknown, as during an outage.
    static func isThere(after error: MediaError) -> Bool? {
        switch error.code {
        case .keyNotHeld: return true
        case .mediaMissing, .accessDenied: return false
        default:
            // Twilio or the bucket of an owner may refuse instead.
            let response = (error.cause as? TransferError)?.response
            return response.map { [403, 410].contains($0.head.status) } == true ? false : nil
        }
    }
}
