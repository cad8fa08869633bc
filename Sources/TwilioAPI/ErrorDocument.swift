import FoundationEssentials
import Support

/// The body of a refusal, in any of the forms in which Twilio and S3 send them.
///
/// - JSON: `{"code":20404,"message":"…","more_info":"…","status":404}`
/// - XML of the 2010 API: `<TwilioResponse><RestException><Code>20404</Code><Message>…</Message>…`
/// - XML of S3: `<Error><Code>AccessDenied</Code><Message>Request has expired</Message>…`
struct ErrorDocument: Equatable {
    /// Twilio's error number.
    var code: Int?

    /// The reason in words.
    var message: ForeignText?

    /// Reads what can be read; a body in another form gives neither.
    init(_ body: [UInt8]) {
        if let document = try? JSONDecoder().decode(JSONForm.self, from: Data(body)) {
            code = document.code
            message = document.message.map { ForeignText($0) }
            return
        }
        let text = String(decoding: body, as: UTF8.self)
        // Numbers are Twilio's: S3's codes are words, and other documents may have an element of that name.
        code = text.contains("<RestException>") ? Self.content(of: "Code", in: text).flatMap { Int($0) } : nil
        message = Self.content(of: "Message", in: text).map { ForeignText($0) }
    }

    /// The fields are read each for itself, so that one in an odd form doesn't hide the other.
    private struct JSONForm: Decodable {
        let code: Int?
        let message: String?

        private enum Key: String, CodingKey {
            case code, message
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: Key.self)
            code = container.lenientInteger(.code).flatMap { Int(exactly: $0) }
            message = container.lenientString(.message)
        }
    }

    /// The text of the first element of that name.
    ///
    /// An XML parser would make the binary several megabytes larger, for two elements of an error message.
    private static func content(of element: String, in text: String) -> String? {
        guard let start = text.firstRange(of: "<\(element)>"),
            let end = text[start.upperBound...].firstRange(of: "</\(element)>")
        else { return nil }
        return String(text[start.upperBound..<end.lowerBound])
            .replacing("&lt;", with: "<").replacing("&gt;", with: ">").replacing("&quot;", with: "\"")
            .replacing("&apos;", with: "'").replacing("&amp;", with: "&")
    }
}
