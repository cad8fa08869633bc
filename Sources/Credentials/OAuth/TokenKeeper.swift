import Transfer
import TwilioAPI

/// Decides when a token is used, when it is renewed, and when asking for another one would be useless.
///
/// A pure value: its owner gives it the time. The clock goes on while the computer sleeps, as the token's life does.
struct TokenKeeper {
    typealias Instant = ContinuousClock.Instant

    /// What to do for a transfer that has no token, or whose token was refused.
    enum Decision {
        /// There is another token to send (true), or nothing newer than the refused one (false), or a known failure.
        case answer(Result<Bool, TwilioError>)
        /// A token is to be asked for.
        case obtain
    }

    /// The longest time before its end at which a token is renewed.
    ///
    /// The old one serves meanwhile, so that no request waits, and the service may be down for a while.
    static let largestLead = Duration.seconds(300)
    /// The longest time before its end at which a token counts as ended, for clocks that differ and requests under way.
    static let largestMargin = Duration.seconds(5)
    /// The wait before a failed renewal of a token that still serves is tried again.
    static let renewalPause = Duration.seconds(30)
    /// How long a failure answers all who ask, so that a thousand reads don't ask a thousand times.
    static let failureMemory = Duration.seconds(5)
    /// The age below which a refused token counts as new: its refusal is the host's decision, not the token's end.
    static let newness = Duration.seconds(1)
    /// How many new tokens may be refused within `refusalPause` before no more are asked for.
    ///
    /// A refused new token may have ended all the same: tokens are revoked when a secret is rotated, perhaps twice.
    static let newTokenRefusalLimit = 3
    /// How long the refusal of a new token counts.
    static let refusalPause = Duration.seconds(10)

    /// A token with its times.
    private struct Held {
        let token: BearerToken
        let obtainedAt: Instant
        let renewalAt: Instant
        let endsAt: Instant
        /// Whether a host has refused it: it is still sent to others, but may serve nowhere.
        var isRefused = false
    }

    private var held: Held?
    /// The last failure, and the end of the time for which it answers.
    private var failure: (error: TwilioError, until: Instant)?
    /// The earliest time for the next renewal ahead of the end.
    private var nextRenewal: Instant?
    /// When new tokens were refused, not longer than `refusalPause` ago.
    private var newTokenRefusals: [Instant] = []

    /// Whether there has ever been a token.
    var hadToken: Bool { held != nil }

    /// The token to send; nil when there is none, or it has ended.
    func token(now: Instant) -> BearerToken? {
        held.flatMap { now < $0.endsAt ? $0.token : nil }
    }

    /// Whether the token, which still serves, is to be renewed.
    func isRenewalDue(now: Instant) -> Bool {
        guard let held, now >= held.renewalAt, now < held.endsAt else { return false }
        return nextRenewal.map { now >= $0 } ?? true
    }

    /// How long the token still serves; zero for one that was refused, since nobody knows.
    func timeLeft(now: Instant) -> Duration {
        held.map { $0.isRefused ? .zero : max(.zero, now.duration(to: $0.endsAt)) } ?? .zero
    }

    /// Decides for a transfer that has no token, or whose token was refused; not asked while one is being obtained.
    mutating func decide(refused: BearerToken?, now: Instant) -> Decision {
        if let held, refused == held.token {
            self.held?.isRefused = true
            newTokenRefusals.removeAll { $0.duration(to: now) >= Self.refusalPause }
            guard newTokenRefusals.count < Self.newTokenRefusalLimit else { return .answer(.success(false)) }
            if !held.isRefused, held.obtainedAt.duration(to: now) < Self.newness { newTokenRefusals.append(now) }
        } else if token(now: now) != nil {
            return .answer(.success(true))
        }
        if let failure, now < failure.until { return .answer(.failure(failure.error)) }
        return .obtain
    }

    /// A token has arrived.
    ///
    /// - Parameter requestedAt: When it was asked for: its life may have begun then.
    mutating func obtained(_ answer: TokenAnswer, requestedAt: Instant, now: Instant) {
        let life = Duration.seconds(answer.lifetime)
        let endsAt = requestedAt.advanced(by: life - min(Self.largestMargin, life / 10))
        held = Held(
            token: answer.token, obtainedAt: now,
            renewalAt: requestedAt.advanced(by: life - min(Self.largestLead, life / 5)), endsAt: endsAt)
        (failure, nextRenewal) = (nil, nil)
    }

    /// No token has arrived.
    ///
    /// - Returns: Whether it is the first failure since the last token.
    @discardableResult
    mutating func failed(_ error: TwilioError, now: Instant) -> Bool {
        defer {
            failure = (error, now.advanced(by: Self.failureMemory))
            nextRenewal = now.advanced(by: Self.renewalPause)
        }
        return failure == nil
    }

    /// Forgets failures and refusals, since the client's secret may be another one now; the token serves on.
    mutating func forgetFailures() { (failure, nextRenewal, newTokenRefusals) = (nil, nil, []) }
}
