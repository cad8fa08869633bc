import FoundationEssentials
import NIOHTTP1
import Support

/// Answers for `POST /v2/token` of the OAuth service, with client credentials.
///
/// Tokens look as Twilio's do, so that clients which read the end of their life in them find it.
struct OAuthService {
    /// The accounts, and what all of them have in common.
    let simulation: Simulation
    /// How it behaves.
    let behaviour: Behaviour

    /// Answers a request; nil when its path is another's.
    func respond(_ request: SimulatedRequest) throws(SimulatorError) -> SimulatedResponse? {
        guard request.path == "/v2/token" else { return nil }
        guard request.method == "POST" else { return .notFound(request) }
        let form = request.form
        guard request.headers.first(name: "Content-Type")?.hasPrefix("application/x-www-form-urlencoded") == true,
            let grant = form["grant_type"]
        else { return refusal(400, "invalid_request") }
        guard grant == "client_credentials" else { return refusal(400, "unsupported_grant_type") }
        let credentials = simulation.credentials
        let secret = simulation.state.withLock { $0.clientSecret }
        guard form["client_id"] == credentials.clientID, form["client_secret"] == secret else {
            return refusal(401, "invalid_client")
        }
        let token = try newToken(account: credentials.accountSID)
        simulation.state.withLock { state in
            state.tokens.add(token, endingAt: .now + .seconds(behaviour.tokenLifetimeSeconds))
        }
        return .json(
            200,
            [
                "access_token": .string(token), "token_type": "Bearer",
                "expires_in": .integer(behaviour.announcedTokenLifetimeSeconds ?? behaviour.tokenLifetimeSeconds),
            ])
    }

    private func refusal(_ status: Int, _ name: String) -> SimulatedResponse {
        simulation.state.withLock { $0.tokens.refuse() }
        return .json(status, ["error": .string(name), "error_description": "The request for a token was refused."])
    }

    /// Makes a token in the form of a JSON Web Token, with random bytes for its signature.
    private func newToken(account: String) throws(SimulatorError) -> String {
        let end = Int(Date.now.timeIntervalSince1970) + behaviour.tokenLifetimeSeconds
        let parts: [[UInt8]] = [
            Array(#"{"alg":"RS256","typ":"JWT"}"#.utf8), Array(#"{"exp":\#(end),"sub":"\#(account)"}"#.utf8),
            try randomBytes(32),
        ]
        return parts.map { part in
            Data(part).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_")
                .replacing("=", with: "")
        }.joined(separator: ".")
    }
}
