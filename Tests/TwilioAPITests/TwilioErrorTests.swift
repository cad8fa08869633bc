import Foundation
import Support
import TestSupport
import Testing

@testable import Transfer
@testable import TwilioAPI

@Suite("Errors of the API", .orderly)
struct TwilioErrorTests {
    /// A transfer that was given up after answers of one status.
    private func givenUp(
        status: Int, body: String = "", headers: [(String, String)] = []
    ) throws -> TransferError {
        let address = Address(url: try #require(URL(string: "https://api.twilio.com/2010-04-01/Accounts")))
        let response = Response(
            head: ResponseHead(status: status, headers: HeaderFields(headers), address: address), body: Array(body.utf8)
        )
        let last = TransferError(
            .status, "\(address) answered with status \(status).", response: response)
        return TransferError(
            .deadlineExceeded, "There was no progress within 45.0 seconds.", cause: last,
            response: response)
    }

    @Test("A status is told once, by what failed and what refused")
    func status() throws {
        let failed = TwilioError(try givenUp(status: 503), subject: "the account AC1")
        #expect(failed.explanation == "api.twilio.com failed to send the account AC1 (status 503)")
        #expect(failed.chainedFields["status"] == "503" && failed.chainedFields["host"] == "api.twilio.com")
        let body = #"{"code":20404,"message":"not found"}"#
        let refused = TwilioError(try givenUp(status: 404, body: body), subject: "the media of RE1")
        #expect(
            refused.explanation
                == "api.twilio.com refused the media of RE1: not found (error 20404, status 404)")
    }

    @Test(
        "A number that tells the reason brings the remedy, whatever form the credential has",
        arguments: [
            (nil, 20003, "", ""), (nil, 70051, "permission to list and read", ""), (nil, 70052, "--signing-key", ""),
            (.bearer, 20003, "API key", "OAuth tokens"), (.bearer, 70051, "permission to list and read", ""),
            (.bearer, 70052, "--signing-key", ""),
        ] as [(Authorization.Form?, Int, String, String)])
    func remedy(form: Authorization.Form?, number: Int, remedy: String, fact: String) throws {
        var transfer = try givenUp(status: 401, body: #"{"code":\#(number),"message":"No"}"#)
        transfer.details.refusedForm = form
        let error = TwilioError(transfer, subject: "the list of calls")
        #expect(error.code == .unauthorized && error.twilioCode == number)
        #expect(remedy.isEmpty ? error.remedy == nil : error.remedy?.contains(remedy) == true)
        #expect(error.message.contains("doesn't accept OAuth tokens") == !fact.isEmpty, "\(error.message)")
    }

    @Test("What failed last is told, and not that patience has ended as well")
    func patience() {
        let last = TransferError(.stalled, "Nothing came for 10 s.")
        let error = TransferError(
            .deadlineExceeded, "There was no progress within 45.0 seconds.", cause: last)
        #expect(
            TwilioError(error, subject: "the list of compositions").explanation
                == "the list of compositions could not be fetched: Nothing came for 10 s")
    }

    @Test(
        "A signature that isn't valid now is told with how wrong this machine's clock is, if the answer has a date",
        arguments: [
            (nil, "set this machine's clock"), (59, "set this machine's clock"), (-59, "set this machine's clock"),
            (60, "this machine's clock is 1 minute fast: set it"),
            (-400, "this machine's clock is 6 minutes slow: set it"),
            (7_300, "this machine's clock is 2 hours fast: set it"),
            (-1e8, "this machine's clock is 1157 days slow: set it"),
        ] as [(Double?, String)])
    func clock(lead: Double?, words: String) throws {
        // Sun, 06 Nov 1994 08:49:37 GMT, the example of RFC 9110.
        let server = Date(timeIntervalSince1970: 784_111_777)
        let fields = [("Date", "Sun, 06 Nov 1994 08:49:37 GMT")]
        for code in [20155, 20156, 20157] {
            let error = TwilioError(
                try givenUp(
                    status: 401, body: #"{"code":\#(code),"message":"no"}"#, headers: lead == nil ? [] : fields),
                subject: "the list", now: server.addingTimeInterval(lead ?? 3600))
            #expect(error.message.hasSuffix("isn't valid at this time: \(words)"), "\(error.message)")
        }
    }
}
