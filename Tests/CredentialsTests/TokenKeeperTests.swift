import TestSupport
import Testing
import Transfer
import TwilioAPI

@testable import Credentials

@Suite("The life of an OAuth token", .orderly)
struct TokenKeeperTests {
    private let start = ContinuousClock.now
    private let failure = TwilioError(.unreachable, "It is down.")

    private func after(_ seconds: Double) -> ContinuousClock.Instant { start.advanced(by: .seconds(seconds)) }

    private func answer(_ token: String, lifetime: Double = 3600) throws -> TokenAnswer {
        try TokenAnswer(Array(#"{"access_token":"\#(token)","expires_in":\#(lifetime)}"#.utf8))
    }

    private func keeper(_ token: String = "a", lifetime: Double = 3600) throws -> TokenKeeper {
        var keeper = TokenKeeper()
        keeper.obtained(try answer(token, lifetime: lifetime), requestedAt: start, now: start)
        return keeper
    }

    /// The decision in a word.
    private func decision(
        _ keeper: inout TokenKeeper, refused: String? = nil, at seconds: Double
    ) -> String {
        switch keeper.decide(refused: refused.flatMap { BearerToken($0) }, now: after(seconds)) {
        case .obtain: "obtain"
        case .answer(.success(true)): "another"
        case .answer(.success(false)): "nothing newer"
        case .answer(.failure): "failed"
        }
    }

    @Test("Without a token, one is obtained")
    func none() {
        var keeper = TokenKeeper()
        #expect(keeper.token(now: start) == nil && !keeper.isRenewalDue(now: start) && !keeper.hadToken)
        #expect(decision(&keeper, at: 0) == "obtain")
    }

    @Test(
        "A token is renewed before it ends, serves meanwhile, and isn't sent in its last moments",
        arguments: [(3600, 3300, 3595), (100, 80, 95), (30, 24, 27)] as [(Double, Double, Double)])
    func times(lifetime: Double, renewal: Double, end: Double) throws {
        let keeper = try keeper(lifetime: lifetime)
        for (seconds, isDue, isThere) in [
            (0, false, true), (renewal - 0.1, false, true), (renewal, true, true), (end - 0.1, true, true),
            (end, false, false), (lifetime * 2, false, false),
        ] {
            #expect(keeper.isRenewalDue(now: after(seconds)) == isDue, "\(seconds)")
            #expect((keeper.token(now: after(seconds)) == BearerToken("a")) == isThere, "\(seconds)")
        }
    }

    @Test("The life of a token begins when it is asked for, however late it arrives")
    func late() throws {
        var keeper = TokenKeeper()
        keeper.obtained(try answer("a", lifetime: 100), requestedAt: start, now: after(50))
        #expect(keeper.token(now: after(94)) != nil && keeper.token(now: after(95)) == nil)
    }

    @Test("A failed renewal is tried again after a while, and the token serves until its end")
    func failedRenewal() throws {
        var keeper = try keeper()
        #expect(keeper.isRenewalDue(now: after(3300)))
        let isNews = [3300.0, 3301].map { keeper.failed(failure, now: after($0)) }
        #expect(isNews == [true, false])
        #expect(!keeper.isRenewalDue(now: after(3330)) && keeper.isRenewalDue(now: after(3331)))
        #expect(keeper.token(now: after(3594)) != nil)
        #expect(decision(&keeper, at: 3594) == "another")
        #expect(decision(&keeper, at: 3595) == "obtain")
    }

    @Test("A failure answers for a while, then a token is asked for again")
    func failures() {
        var keeper = TokenKeeper()
        keeper.failed(failure, now: start)
        #expect(decision(&keeper, at: 0) == "failed" && decision(&keeper, at: 4.9) == "failed")
        #expect(decision(&keeper, at: 5) == "obtain")
        keeper.forgetFailures()
        #expect(decision(&keeper, at: 0) == "obtain")
    }

    @Test("A refused token is renewed, and who was refused with an older one uses the newer")
    func refusals() throws {
        var keeper = try keeper("b")
        #expect(decision(&keeper, refused: "a", at: 0) == "another")
        #expect(keeper.timeLeft(now: after(60)) == .seconds(3535))
        #expect(decision(&keeper, refused: "b", at: 60) == "obtain")
        #expect(keeper.timeLeft(now: after(60)) == .zero, "nobody knows whether it serves on")
        keeper.obtained(try answer("c"), requestedAt: after(60), now: after(60))
        #expect(keeper.timeLeft(now: after(60)) == .seconds(3595))
        #expect(decision(&keeper, refused: "b", at: 60) == "another")
    }

    @Test("A host that refuses new tokens doesn't have many asked for, and after a while gets another one")
    func newTokens() throws {
        var keeper = try keeper("0")
        for number in 1...TokenKeeper.newTokenRefusalLimit {
            let seconds = Double(number) / 10
            #expect(decision(&keeper, refused: "\(number - 1)", at: seconds) == "obtain")
            keeper.obtained(try answer("\(number)"), requestedAt: after(seconds), now: after(seconds))
        }
        #expect(decision(&keeper, refused: "3", at: 0.4) == "nothing newer")
        #expect(decision(&keeper, refused: "3", at: 9) == "nothing newer")
        #expect(keeper.token(now: after(9)) == BearerToken("3"), "other hosts may accept it")
        // The first refusal is over, which leaves room for one.
        #expect(decision(&keeper, refused: "3", at: 10.15) == "obtain")
        keeper.obtained(try answer("4"), requestedAt: after(10.15), now: after(10.15))
        #expect(decision(&keeper, refused: "4", at: 10.16) == "obtain")
        keeper.obtained(try answer("5"), requestedAt: after(10.16), now: after(10.16))
        #expect(decision(&keeper, refused: "5", at: 10.17) == "nothing newer")
        keeper.forgetFailures()
        #expect(decision(&keeper, refused: "5", at: 10.18) == "obtain", "the secret is another one")
    }

    @Test("Tokens that end right after they were given out are replaced", arguments: [0.1, 0.5, 0.9, 1.5, 4])
    func endedWhenNew(age: Double) throws {
        var keeper = try keeper("0")
        for number in 1...3 {
            let seconds = 100 + Double(number) * age
            #expect(decision(&keeper, refused: "\(number - 1)", at: seconds) == "obtain")
            keeper.obtained(try answer("\(number)"), requestedAt: after(seconds), now: after(seconds))
        }
    }

    @Test("Those who are refused with one token count once, however often its renewal fails")
    func oneCount() throws {
        var keeper = try keeper("a")
        #expect(decision(&keeper, refused: "a", at: 0.1) == "obtain")
        for seconds in [0.2, 0.3, 0.4, 0.5, 0.6] {
            keeper.failed(failure, now: after(seconds - 6))
            #expect(decision(&keeper, refused: "a", at: seconds) == "obtain")
        }
        keeper.obtained(try answer("b"), requestedAt: after(0.7), now: after(0.7))
        #expect(decision(&keeper, refused: "b", at: 0.8) == "obtain")
    }

    @Test("A refused token whose renewal has just failed isn't asked for again at once")
    func refusedAndFailed() throws {
        var keeper = try keeper()
        #expect(decision(&keeper, refused: "a", at: 60) == "obtain")
        keeper.failed(failure, now: after(60))
        #expect(decision(&keeper, refused: "a", at: 61) == "failed")
        #expect(decision(&keeper, refused: "a", at: 65) == "obtain")
    }
}
