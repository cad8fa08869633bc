import FoundationEssentials
import Support

/// The body of an error response, in the forms that Twilio and S3 send.
///
/// - JSON: `{"code":20404,"message":"…","more_info":"…","status":404}`
/// - XML of the 2010 API: `<TwilioResponse><RestException><Code>20404</Code><Message>…</Message>…`
/// - XML of S3: `<Error><Code>AccessDenied</Code><Message>Request has expired</Message>…`
struct ErrorDocument: Equatable {
    /// Twilio's error number.
    var code: Int?
    /// The reason in words.
    var message: ForeignText?

    /// Reads the fields; they are nil for a body in another form.
    init(_ body: [UInt8]) {
        if let document = try? JSONDecoder().decode(JSONForm.self, from: Data(body)) {
            code = document.code
            message = document.message.map { ForeignText($0) }
            return
        }
        let text = String(decoding: body, as: UTF8.self)
        // Only Twilio's codes are numbers: S3's are words, and other documents may have an element of this name.
        let isTwilios = text.utf8.firstRange(of: "<RestException>".utf8) != nil
        code = isTwilios ? Self.content(of: "Code", in: text).flatMap { Int($0) } : nil
        message = Self.content(of: "Message", in: text).map { ForeignText($0) }
    }

    /// Reads each field by itself, so that one with a wrong type doesn't hide the other.
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

    /// The text of the first element of a name.
    ///
    /// An XML parser would enlarge the binary by several megabytes for these two elements.
    static func content(of element: String, in text: String) -> String? {
        // Bytes are compared, since a body has up to 64 KiB of them, and characters take much longer.
        guard let start = text.utf8.firstRange(of: "<\(element)>".utf8),
            let end = text.utf8[start.upperBound...].firstRange(of: "</\(element)>".utf8)
        else { return nil }
        return String(text[start.upperBound..<end.lowerBound])
            .replacing("&lt;", with: "<").replacing("&gt;", with: ">").replacing("&quot;", with: "\"")
            .replacing("&apos;", with: "'").replacing("&amp;", with: "&")
    }
}
