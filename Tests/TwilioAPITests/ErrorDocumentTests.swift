import Support
import TestSupport
import Testing

@testable import TwilioAPI

@Suite("Bodies of refusals", .orderly)
struct ErrorDocumentTests {
    @Test(
        "The forms of Twilio and of S3 are read",
        arguments: [
            (
                #"{"code":20404,"message":"The requested resource was not found","more_info":"x","status":404}"#,
                20404, "The requested resource was not found"
            ),
            (#"{"message":"no number"}"#, nil, "no number"),
            (#"{"code":null,"message":null}"#, nil, nil),
            (#"{"code":"20003","message":"a number in quotes"}"#, 20003, "a number in quotes"),
            (#"{"code":"AccessDenied","message":"a word"}"#, nil, "a word"),
            (
                """
                <?xml version='1.0' encoding='UTF-8'?>
                <TwilioResponse><RestException><Code>20404</Code><Message>Not &lt;found&gt; &amp;amp; gone</Message>\
                <MoreInfo>x</MoreInfo><Status>404</Status></RestException></TwilioResponse>
                """, 20404, "Not <found> &amp; gone"
            ),
            (
                "<Error><Code>AccessDenied</Code><Message>Request has expired</Message></Error>", nil,
                "Request has expired"
            ),
            // Not Twilio's, so the number isn't either.
            ("<html><Code>20404</Code><Message>x</Message></html>", nil, "x"),
            ("<Error><Code>1<Message>cut", nil, nil), ("<Code></Code><Message></Message>", nil, ""),
            ("</Message><Message>after</Message>", nil, "after"),
            ("", nil, nil), ("Bad Gateway", nil, nil), ("[]", nil, nil), ("\"text\"", nil, nil), ("{", nil, nil),
        ] as [(String, Int?, String?)])
    func forms(body: String, code: Int?, message: String?) {
        let document = ErrorDocument(Array(body.utf8))
        #expect(document.code == code)
        #expect(document.message?.description == message)
    }

    @Test("Bytes that are no text are no reason, and do no harm")
    func garbage() {
        var generator = SeededGenerator(seed: 3)
        for _ in 0..<200 {
            let body = (0..<Int.random(in: 0..<64, using: &generator)).map { _ in
                UInt8.random(in: .min ... .max, using: &generator)
            }
            #expect(ErrorDocument(body).code == nil)
        }
    }
}
