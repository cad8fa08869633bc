import Transfer
import TwilioAPI

/// What was found out about the hosts of media: by which request each tells a size at the least cost.
///
/// A state machine without I/O. Where ranges are honoured, one request for the last bytes tells everything. Where they
/// are ignored, all of the media comes instead and has to be cut off, which costs a connection each time. There HEAD is
/// better, if it tells the very size that the media had: that is checked once before it is relied on. Hosts change, so
/// what was found out about one is doubted after a while.
struct ProbeFindings {
    /// A request that tells a size.
    enum Probe {
        /// GET of the last bytes.
        case lastBytes

        /// HEAD.
        case head
    }

    private enum Head {
        case beingChecked
        case tellsSize
        case useless
    }

    private struct Finding {
        var head: Head
        var isDoubtedFrom: ContinuousClock.Instant
    }

    /// For how long a finding isn't doubted: then it costs one connection to find out the same again.
    private static let lifetime = Duration.seconds(600)

    /// The hosts that ignore ranges.
    private var findings: [Origin: Finding] = [:]

    /// The hosts that have answered with everything, twice in a row, where a part was asked for.
    private var wholeHosts: Set<Origin> = []

    /// The kinds of video of which the media described last had no envelope.
    private var unsealedKinds: Set<MediaKind> = []

    /// Whether the end of a kind's media is to be asked for first, which is where sealed media has what is needed.
    func expectsEnvelope(of kind: MediaKind) -> Bool { !unsealedKinds.contains(kind) }

    /// Takes note of whether media of a kind was in an envelope.
    mutating func noteEnvelope(isThere: Bool, kind: MediaKind) {
        if isThere { unsealedKinds.remove(kind) } else { unsealedKinds.insert(kind) }
    }

    /// A host has answered with the part that it was asked for.
    mutating func noteRange(at origin: Origin) {
        wholeHosts.remove(origin)
    }

    /// Takes note that a host has answered with everything although a part was asked for.
    ///
    /// - Parameter isRepeated: whether it is the second time in a row, for the same recording and of the same size.
    /// - Returns: whether it is taken for a host that ignores ranges. A single such answer may be a proxy's.
    mutating func believesWhole(at origin: Origin, isRepeated: Bool) -> Bool {
        if isRepeated { wholeHosts.insert(origin) }
        return wholeHosts.contains(origin)
    }

    /// The request to make for the next size.
    ///
    /// Once a finding is doubted, one request looks anew, while the others go by the finding.
    mutating func probe(at origin: Origin, now: ContinuousClock.Instant) -> Probe {
        guard let finding = findings[origin], finding.head == .tellsSize else { return .lastBytes }
        guard finding.isDoubtedFrom <= now else { return .head }
        findings[origin]?.isDoubtedFrom = now + Self.lifetime
        return .lastBytes
    }

    /// Takes note of how a host has answered a request for the last bytes.
    ///
    /// - Returns: whether it is now to be checked whether HEAD tells sizes there.
    mutating func learn(ignoresRanges: Bool, at origin: Origin, now: ContinuousClock.Instant) -> Bool {
        guard ignoresRanges else {
            findings[origin] = nil
            return false
        }
        if let finding = findings[origin], finding.head != .useless || finding.isDoubtedFrom > now { return false }
        findings[origin] = Finding(head: .beingChecked, isDoubtedFrom: now + Self.lifetime)
        return true
    }

    /// The check has ended.
    ///
    /// - Parameter tellsSize: whether HEAD told the size that the media has.
    mutating func headWasChecked(at origin: Origin, tellsSize: Bool) {
        guard findings[origin]?.head == .beingChecked else { return }
        findings[origin]?.head = tellsSize ? .tellsSize : .useless
    }

    /// HEAD tells no size there any more.
    mutating func headFailed(at origin: Origin, now: ContinuousClock.Instant) {
        findings[origin] = Finding(head: .useless, isDoubtedFrom: now + Self.lifetime)
    }
}
