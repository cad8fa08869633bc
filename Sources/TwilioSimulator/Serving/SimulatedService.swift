import NIOCore
import NIOHTTP1
import Support

import Logging

/// Answers every request: the one place where a path is led to the service that knows it.
struct SimulatedService: Sendable {
    /// The accounts, and what all of them have in common.
    let simulation: Simulation
    /// Where trouble is told.
    let logger: Logger

    /// Answers a request.
    ///
    /// Blocks for as long as a file takes to seal: never call it on an event loop.
    func respond(_ request: SimulatedRequest) -> SimulatedResponse {
        do throws(SimulatorError) {
            if request.isControl { return try ControlService(simulation: simulation).respond(request) }
            let (behaviour, fault) = simulation.state.withLock { state in
                (
                    state.behaviour,
                    state.faults.fault(host: request.host, method: request.method, path: request.path)
                )
            }
            var response =
                switch fault?.action {
                case .status(let code, let retryAfter): refusal(request, code, retryAfter, behaviour)
                case .answer(let code, let type, let body, let headers):
                    SimulatedResponse(
                        code, (type.map { [("Content-Type", $0)] } ?? []) + headers.map { ($0, $1) },
                        body: ByteBuffer(string: body))
                case .shorten(let count, let ignoresRange):
                    try answer(request, behaviour).shortened(
                        to: count, range: ignoresRange ? nil : request.headers.first(name: "Range"))
                default: try answer(request, behaviour)
                }
            response.fault = fault?.placed(inBodyOf: response.range.count)
            if response.fault == .changeETag {
                response.headers = response.headers.map { name, value in
                    name == "ETag" ? (name, "\"\(hexadecimal(UInt64.random(in: 0...UInt64.max)))\"") : (name, value)
                }
            }
            if case .headers(let headers, let doubles) = response.fault {
                let names = Set(headers.keys.map { $0.lowercased() })
                if !doubles { response.headers.removeAll { names.contains($0.name.lowercased()) } }
                response.headers = headers.map { ($0, $1) } + response.headers
            }
            if request.host == .api {
                let count = simulation.state.withLock { $0.inProgress }
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
        let behaviour = simulation.state.withLock { $0.behaviour }
        return refusal(request, 429, behaviour.retryAfterSeconds, behaviour)
    }

    private func answer(
        _ request: SimulatedRequest, _ behaviour: Behaviour
    ) throws(SimulatorError) -> SimulatedResponse {
        if request.host == .media {
            // Whose media it is tells the path; of a path that names nobody, the main account has nothing either.
            let account = simulation.account(sid: request.segments.first ?? "") ?? simulation.main
            return try MediaService(account: account, behaviour: behaviour).respond(request)
        }
        if let response = try OAuthService(simulation: simulation, behaviour: behaviour).respond(request) {
            return response
        }
        guard let caller = simulation.caller(of: request) else {
            return .unauthenticated(format: format(request, behaviour))
        }
        let validation = RequestValidation(account: caller, mode: behaviour.clientValidation)
        if let refusal = validation.refusal(of: request, now: .now) {
            return .twilioError(refusal.status, refusal.code, refusal.message, format: format(request, behaviour))
        }
        let keys = simulation.state.withLock { $0.keys }
        if let refusal = keys.refusal(of: request, format: format(request, behaviour)) { return refusal }
        if request.path.hasPrefix("/2010-04-01/") {
            return try classic(request, caller: caller, behaviour)
        }
        // These APIs have no account in their paths: what belongs to the caller is all that there is.
        if let response = try PublicKeyService(account: caller).respond(request) { return response }
        let video = VideoService(account: caller, behaviour: behaviour)
        return try (behaviour.servesVideo ? video.respond(request) : nil) ?? .notFound(request)
    }

    /// Answers for the 2010 API, where the main account's credentials open each account.
    private func classic(
        _ request: SimulatedRequest, caller: SimulatedAccount, _ behaviour: Behaviour
    ) throws(SimulatorError) -> SimulatedResponse {
        let accounts = AccountService(simulation: simulation, caller: caller, behaviour: behaviour)
        if let response = accounts.respond(request) { return response }
        let segments = request.segments
        guard segments.count > 3, segments[1] == "Accounts" else {
            return .notFound(request, format: behaviour.errorFormat)
        }
        guard caller.isMain || segments[2] == caller.sid else {
            return .unauthenticated(format: behaviour.errorFormat)
        }
        guard let account = simulation.account(sid: segments[2]) else {
            return .notFound(request, format: behaviour.errorFormat)
        }
        return try VoiceService(account: account, behaviour: behaviour).respond(request)
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
