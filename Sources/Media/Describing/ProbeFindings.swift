import Transfer
import TwilioAPI

/// The cheapest request for a size by host: a state machine without I/O.
///
/// Where ranges are honoured, a request for a few bytes is enough. Where they are ignored, the complete answer must
/// be cut off, which costs a connection each time; HEAD is cheaper there if it reports the same size, which is checked
/// once. Findings expire, since hosts change.
struct ProbeFindings {
    /// A request for a size: GET of the last or first bytes, or HEAD.
    enum Probe { case lastBytes, head }

    private enum Head { case beingChecked, tellsSize, useless }

    private struct Finding {
        var head: Head
        var isDoubtedFrom: ContinuousClock.Instant
    }

    /// The validity of a finding; checking it again costs a connection.
    private static let lifetime = Duration.seconds(600)

    /// The hosts that ignore ranges.
    private var findings: [Origin: Finding] = [:]

    /// The hosts with two complete answers in a row to requests for a part.
    private var wholeHosts: Set<Origin> = []

    /// The kinds of video whose last media had no envelope.
    private var unsealedKinds: Set<MediaKind> = []

    /// Whether media of a kind is probably sealed, so that its end is requested first.
    func expectsEnvelope(of kind: MediaKind) -> Bool { !unsealedKinds.contains(kind) }

    /// Notes whether media of a kind had an envelope.
    mutating func noteEnvelope(isThere: Bool, kind: MediaKind) {
        if isThere { unsealedKinds.remove(kind) } else { unsealedKinds.insert(kind) }
    }

    /// Notes that a host honours ranges.
    mutating func noteRange(at origin: Origin) { wholeHosts.remove(origin) }

    /// Notes a complete answer to a request for a part; returns whether the host ignores ranges.
    ///
    /// A single such answer may come from a proxy. `isRepeated` means that the recording's previous complete answer had
    /// the same size.
    mutating func believesWhole(at origin: Origin, isRepeated: Bool) -> Bool {
        if isRepeated { wholeHosts.insert(origin) }
        return wholeHosts.contains(origin)
    }

    /// The request for the next size; after a finding's expiry, one request checks it again.
    mutating func probe(at origin: Origin, now: ContinuousClock.Instant) -> Probe {
        guard let finding = findings[origin], finding.head == .tellsSize else { return .lastBytes }
        guard finding.isDoubtedFrom <= now else { return .head }
        findings[origin]?.isDoubtedFrom = now + Self.lifetime
        return .lastBytes
    }

    /// Notes a host's answer to a request for a few bytes; returns whether to check HEAD there.
    mutating func learn(ignoresRanges: Bool, at origin: Origin, now: ContinuousClock.Instant) -> Bool {
        guard ignoresRanges else {
            findings[origin] = nil
            return false
        }
        if let finding = findings[origin], finding.head != .useless || finding.isDoubtedFrom > now { return false }
        findings[origin] = Finding(head: .beingChecked, isDoubtedFrom: now + Self.lifetime)
        return true
    }

    /// Ends a check of HEAD.
    mutating func headWasChecked(at origin: Origin, tellsSize: Bool) {
        guard findings[origin]?.head == .beingChecked else { return }
        findings[origin]?.head = tellsSize ? .tellsSize : .useless
    }

    /// Notes that HEAD no longer reports sizes.
    mutating func headFailed(at origin: Origin, now: ContinuousClock.Instant) {
        findings[origin] = Finding(head: .useless, isDoubtedFrom: now + Self.lifetime)
    }
}
