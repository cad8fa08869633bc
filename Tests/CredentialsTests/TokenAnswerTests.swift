import TestSupport
import Testing
import Transfer

@testable import Credentials

@Suite("Answers with an OAuth token", .orderly)
struct TokenAnswerTests {
    @Test("The documented answer is read")
    func documented() throws {
        let answer = try TokenAnswer(
            Array(#"{"access_token": "ey.J-_", "token_type": "Bearer", "expires_in": 3600}"#.utf8))
        #expect(answer.token == BearerToken("ey.J-_") && answer.lifetime == 3600)
    }

    @Test(
        "A life is bounded, whatever the server says",
        arguments: [
            ("3600", 3600), (#""3600""#, 3600), ("3599.5", 3599.5), ("0", 30), ("-5", 30), ("1e300", 86_400),
            ("9223372036854775807", 86_400), (#""nan""#, 3600), (#""inf""#, 3600), ("1e999", 3600), ("null", 3600),
            ("[]", 3600), (#""soon""#, 3600), ("true", 3600), ("1e-300", 30), ("-9223372036854775808", 30),
        ] as [(String, Double)])
    func lifetimes(text: String, expected: Double) throws {
        let body = Array(#"{"access_token":"a","expires_in":\#(text)}"#.utf8)
        // A number beyond all bounds may make the document invalid, for some decoders.
        if text == "1e999", (try? TokenAnswer(body)) == nil { return }
        #expect(try TokenAnswer(body).lifetime == expected)
    }

    @Test(
        "An answer without a usable token is refused, and the fault repeats none of it",
        arguments: [
            "", "<html>secret</html>", "[]", "{}", #"{"access_token":""}"#, #"{"access_token":7}"#,
            #"{"access_token":"a secret"}"#, #"{"access_token":"secret\u0000"}"#, #"{"access_token":["secret"]}"#,
            #"{"access_token":"secret\u2028"}"#, #"{"access_token":"a\r\nsecret: 1"}"#, #"{"access_token":"sécret"}"#,
            #"{"access_token":"secret","token_type":"mac"}"#, #""secret""#,
        ])
    func faults(text: String) {
        let error = #expect(throws: TokenAnswer.Fault.self) { try TokenAnswer(Array(text.utf8)) }
        #expect(error?.reason.contains("secret") == false && error?.reason.hasPrefix("answered") == true)
    }

    @Test("A token that no header field can hold is refused")
    func large() {
        let text = String(repeating: "a", count: BearerToken.maximalSize + 1)
        #expect(throws: TokenAnswer.Fault.self) { try TokenAnswer(Array(#"{"access_token":"\#(text)"}"#.utf8)) }
    }
}
