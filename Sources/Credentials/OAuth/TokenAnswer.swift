import FoundationEssentials
import Transfer

/// The answer of an OAuth service to a request for a token (RFC 6749, 5.1).
struct TokenAnswer {
    /// The limits of a token's life in seconds: the number comes from a server.
    ///
    /// A token that is said to end at once is used for a while all the same, since asking for one before each request
    /// would help nobody. A refusal renews it in any case.
    static let lifetimes: ClosedRange<Double> = 30...86_400
    /// The life of a token that is given without one, as Twilio documents it.
    static let usualLifetime: Double = 3600

    /// The token.
    let token: BearerToken
    /// How long the token is accepted, in seconds.
    let lifetime: Double

    /// Reads an answer with status 200; throws what is wrong with it, without any of its text.
    init(_ body: [UInt8]) throws(Fault) {
        guard let document = try? JSONDecoder().decode(Document.self, from: Data(body)) else {
            throw Fault(reason: "answered with something that isn't JSON")
        }
        guard let text = document.token, let token = BearerToken(text) else {
            throw Fault(reason: "answered without a usable access_token")
        }
        guard document.type.map({ $0.lowercased() == "bearer" }) ?? true else {
            throw Fault(reason: "answered with a token of another type than Bearer")
        }
        self.token = token
        let lifetime = document.lifetime.flatMap { $0.isFinite ? $0 : nil } ?? Self.usualLifetime
        self.lifetime = min(max(lifetime, Self.lifetimes.lowerBound), Self.lifetimes.upperBound)
    }

    /// What is wrong with an answer.
    struct Fault: Error {
        /// The end of a sentence that begins with the service's name.
        let reason: String
    }

    /// The fields, each read by itself, so that one with a wrong type doesn't hide the others.
    private struct Document: Decodable {
        let token: String?
        let type: String?
        let lifetime: Double?

        private enum Key: String, CodingKey {
            case token = "access_token"
            case type = "token_type"
            case lifetime = "expires_in"
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Key.self)
            token = try? container.decodeIfPresent(String.self, forKey: .token)
            type = try? container.decodeIfPresent(String.self, forKey: .type)
            let number = try? container.decodeIfPresent(Double.self, forKey: .lifetime)
            let text = try? container.decodeIfPresent(String.self, forKey: .lifetime)
            lifetime = number ?? text.flatMap { Double($0) }
        }
    }
}
