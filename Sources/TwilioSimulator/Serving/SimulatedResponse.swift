import NIOCore

/// Is one response before it is sent, with what is to go wrong in the sending.
struct SimulatedResponse: Sendable {
    /// The status code.
    var status: Int
    /// The headers, without those that frame the body.
    var headers: [(name: String, value: String)] = []
    /// What the body is read from.
    var body: StoredObject
    /// The bytes of it that are sent; none for the answer to `HEAD`.
    var range: Range<Int>
    /// Whether the body's length is left untold.
    var chunked = false
    /// Whether the connection is answered without a body although the headers describe one.
    var isHead = false
    /// What goes wrong.
    var fault: FaultAction?

    /// Makes a response with a body in memory.
    init(_ status: Int, _ headers: [(name: String, value: String)] = [], body: ByteBuffer = ByteBuffer()) {
        self.status = status
        self.headers = headers
        self.body = .bytes(body)
        range = 0..<body.readableBytes
    }

    /// Makes a response with JSON.
    static func json(_ status: Int, _ value: JSONValue) -> SimulatedResponse {
        json(status, text: ByteBuffer(bytes: value.text))
    }

    /// Makes a response with JSON that is text already.
    static func json(_ status: Int, text: ByteBuffer) -> SimulatedResponse {
        SimulatedResponse(status, [("Content-Type", "application/json;charset=utf-8")], body: text)
    }

    /// Makes a response with XML.
    static func xml(_ status: Int, _ text: String) -> SimulatedResponse {
        SimulatedResponse(
            status, [("Content-Type", "application/xml")],
            body: ByteBuffer(string: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\(text)"))
    }

    /// Makes one of S3's errors.
    static func storageError(_ status: Int, _ code: String, _ message: String) -> SimulatedResponse {
        .xml(
            status,
            "<Error><Code>\(code)</Code><Message>\(message)</Message>"
                + "<RequestId>SIMULATED0000000</RequestId><HostId>simulated</HostId></Error>")
    }

    /// Makes one of Twilio's errors.
    static func twilioError(
        _ status: Int, _ code: Int, _ message: String, format: Behaviour.ErrorFormat
    ) -> SimulatedResponse {
        let information = "https://www.twilio.com/docs/errors/\(code)"
        return switch format {
        case .json:
            .json(
                status,
                [
                    "code": .integer(code), "message": .string(message), "more_info": .string(information),
                    "status": .integer(status),
                ])
        case .xml:
            .xml(
                status,
                "<TwilioResponse><RestException><Code>\(code)</Code><Message>\(escapedForXML(message))</Message>"
                    + "<MoreInfo>\(information)</MoreInfo><Status>\(status)</Status></RestException></TwilioResponse>")
        }
    }
}

extension SimulatedResponse {
    /// Serves the first bytes of a stored object, or a range of them, as though there were no more.
    func shortened(to count: Int, range header: String?) -> SimulatedResponse {
        guard status == 200 || status == 206 else { return self }
        var response = self
        response.headers.removeAll { $0.name == "Content-Range" }
        let size = min(count, body.size)
        switch RequestedRange(header: header, size: size) {
        case .whole:
            response.status = 200
            response.range = 0..<size
        case .part(let part):
            response.status = 206
            response.range = part
            response.headers.append(("Content-Range", "bytes \(part.lowerBound)-\(part.upperBound - 1)/\(size)"))
        case .unsatisfiable:
            response = .storageError(416, "InvalidRange", "The requested range is not satisfiable")
            response.headers.append(("Content-Range", "bytes */\(size)"))
        }
        return response
    }

    /// Makes the answer to a request for what isn't there.
    static func notFound(
        _ request: SimulatedRequest, format: Behaviour.ErrorFormat = .json
    ) -> SimulatedResponse {
        .twilioError(404, 20404, "The requested resource \(request.path) was not found", format: format)
    }

    /// Makes the answer to a request with a wrong parameter.
    static func invalid(_ message: String, format: Behaviour.ErrorFormat = .json) -> SimulatedResponse {
        .twilioError(400, 20001, message, format: format)
    }

    /// Makes the answer to a request whose credentials don't open what it is for.
    static func unauthenticated(format: Behaviour.ErrorFormat) -> SimulatedResponse {
        var response = SimulatedResponse.twilioError(401, 20003, "Authenticate", format: format)
        response.headers.append(("WWW-Authenticate", "Basic realm=\"Twilio API\""))
        return response
    }
}

/// Escapes the characters that have a meaning in XML text.
private func escapedForXML(_ text: String) -> String {
    var result = ""
    for character in text {
        switch character {
        case "&": result += "&amp;"
        case "<": result += "&lt;"
        case ">": result += "&gt;"
        default: result.append(character)
        }
    }
    return result
}
