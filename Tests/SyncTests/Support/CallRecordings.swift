import CatalogTestSupport
import TwilioAPI
import TwilioSimulator

extension TwilioSimulator {
    /// Adds a voice recording of a call, which has the same number unless another is given.
    func addCallRecording(_ number: Int, created: Int64, call: Int? = nil) throws {
        try add(
            .recording,
            fields: [
                "sid": .string("\(try Sample.sid(number))"), "status": "completed",
                "date_created": .string("\(Timestamp(seconds: created))"),
                "call_sid": .string("\(try Sample.group(call ?? number))"),
            ])
    }

    /// The requests for pages of the list of calls.
    var callListRequests: [LoggedRequest] { requests.filter { $0.path.hasSuffix("/Calls.json") } }
}
