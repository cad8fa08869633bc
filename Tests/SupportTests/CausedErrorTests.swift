import Support
import TestSupport
import Testing

private struct Layer: CausedError {
    let message: String
    var cause: (any Error)?
    var fields: [String: String] = [:]
}

private struct Foreign: Error, CustomStringConvertible {
    let description = "SQLite error 13: disk is full"
}

private struct Refusal: CausedError {
    let message = "status 503 came"
    let cause: (any Error)?

    func isTold(in text: String) -> Bool { text.contains("status 503") }
}

@Suite("Errors and their causes", .orderly)
struct CausedErrorTests {
    @Test("The sentences of all causes are joined, however deep, also those of foreign errors")
    func chain() {
        let error = Layer(message: "The list failed.", cause: Layer(message: "a page is missing", cause: Foreign()))
        #expect(error.explanation == "The list failed: a page is missing: SQLite error 13: disk is full")
        #expect("\(error)" == error.explanation)
        #expect(Foreign().explanation == "SQLite error 13: disk is full")
    }

    @Test("A sentence that is part of one before stands there once")
    func repetition() {
        let first = Layer(message: "No connection could be made.")
        let second = Layer(message: "the list could not be fetched: No connection could be made.", cause: first)
        #expect(
            Layer(message: "No connection could be made.", cause: first).explanation == "No connection could be made")
        #expect(
            Layer(message: "ls failed", cause: second).explanation
                == "ls failed: the list could not be fetched: No connection could be made")
    }

    @Test("What is told in other words isn't told again, but what is behind it is")
    func otherWords() {
        let inner = Refusal(cause: Layer(message: "the disk is full"))
        #expect(
            Layer(message: "it failed (status 503)", cause: inner).explanation
                == "it failed (status 503): the disk is full")
        #expect(Layer(message: "it failed", cause: inner).explanation == "it failed: status 503 came: the disk is full")
        #expect(inner.explanation == "status 503 came: the disk is full")
    }

    @Test("A chain without end is cut")
    func bound() {
        var error = Layer(message: "0")
        for number in 1...100 { error = Layer(message: "error number \(number).", cause: error) }
        #expect(error.explanation.split(separator: ":").count == 10)
    }

    @Test("The fields are those of the whole chain; the outermost of a name counts")
    func fields() {
        let inner = Layer(message: "a", fields: ["host": "api", "request_id": "RQ1"])
        let outer = Layer(message: "b", cause: inner, fields: ["host": "media", "recording": "RE1"])
        #expect(outer.chainedFields == ["host": "media", "request_id": "RQ1", "recording": "RE1"])
        #expect(Foreign().chainedFields.isEmpty)
    }
}
