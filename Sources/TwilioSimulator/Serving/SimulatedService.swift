import NIOHTTP1
import Threading

import Logging

/// Answers every request: the one place where a path is led to the service that knows it.
struct SimulatedService: Sendable {
    /// The account.
    let account: SimulatedAccount
    /// Where trouble is told.
    let logger: Logger

    /// Answers a request.
    ///
    /// Blocks for as long as a file takes to seal: never call it on an event loop.
    func respond(_ request: SimulatedRequest) -> SimulatedResponse {
        do throws(SimulatorError) {
            if request.isControl { return try ControlService(account: account).respond(request) }
            let (behaviour, fault) = account.state.withLock { state in
                (
                    state.behaviour,
                    state.faults.action(host: request.host, method: request.method, path: request.path)
                )
            }
            var response =
                switch fault {
                case .status(let code, let retryAfter): refusal(request, code, retryAfter, behaviour)
                default: try answer(request, behaviour)
                }
            response.fault = fault
            if fault == .changeETag {
                response.headers = response.headers.map { name, value in
                    name == "ETag" ? (name, "\"\(hexadecimal(UInt64.random(in: 0...UInt64.max)))\"") : (name, value)
                }
            }
            if request.host == .api {
                let count = account.state.withLock { $0.inProgress }
                response.headers.append(("Twilio-Concurrent-Requests", String(count)))
                response.headers.append(("Twilio-Request-Id", "RQ" + hexadecimal(try randomBytes(16))))
            }
            return response
        } catch {
            logger.error("A request failed", metadata: ["path": "\(request.path)", "error": "\(error)"])
            let status = error.code == .input ? 400 : error.code == .unknownResource ? 404 : 500
            return .twilioError(status, status == 500 ? 20500 : 20001, error.description, format: .json)
        }
    }

    /// Answers that there are too many requests at once.
    func tooManyRequests(_ request: SimulatedRequest) -> SimulatedResponse {
        let behaviour = account.state.withLock { $0.behaviour }
        return refusal(request, 429, behaviour.retryAfterSeconds, behaviour)
    }

    private func answer(
        _ request: SimulatedRequest, _ behaviour: Behaviour
    ) throws(SimulatorError) -> SimulatedResponse {
        if request.host == .media {
            return try MediaService(account: account, behaviour: behaviour).respond(request)
        }
        guard account.credentials.accepts(authorization: request.headers.first(name: "Authorization")) else {
            var response = SimulatedResponse.twilioError(401, 20003, "Authenticate", format: format(request, behaviour))
            response.headers.append(("WWW-Authenticate", "Basic realm=\"Twilio API\""))
            return response
        }
        if request.path.hasPrefix("/2010-04-01/Accounts/") {
            return try VoiceService(account: account, behaviour: behaviour).respond(request)
        }
        if let response = try PublicKeyService(account: account).respond(request) { return response }
        let response = try VideoService(account: account, behaviour: behaviour).respond(request)
        return response ?? .notFound(request)
    }

    private func refusal(
        _ request: SimulatedRequest, _ status: Int, _ retryAfter: Int?, _ behaviour: Behaviour
    ) -> SimulatedResponse {
        var response: SimulatedResponse
        if request.host == .media {
            response = .storageError(
                status, status == 503 ? "SlowDown" : "InternalError", "The request was refused as asked.")
        } else {
            let (code, message) =
                switch status {
                case 401: (20003, "Authenticate")
                case 404: (20404, "The requested resource \(request.path) was not found")
                case 429: (20429, "Too Many Requests")
                default: (20000 + status, "The request was refused")
                }
            response = .twilioError(status, code, message, format: format(request, behaviour))
        }
        if let retryAfter { response.headers.append(("Retry-After", String(retryAfter))) }
        return response
    }

    private func format(_ request: SimulatedRequest, _ behaviour: Behaviour) -> Behaviour.ErrorFormat {
        request.path.hasPrefix("/2010-04-01/") ? behaviour.errorFormat : .json
    }
}
