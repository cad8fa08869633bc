import Glibc
import Support
import TestSupport
import Testing

private enum PlainCode: ErrorCode {
    case full
    case mistake
    case cancelled

    var endsUnwantedWork: Bool { self == .cancelled }
    var isProgrammingMistake: Bool { self == .mistake }
}

private enum DetailedCode: ErrorCode {
    case refused

    struct Details: Sendable {
        let status: Int
        let secret = "hunter2"
    }

    static func fields(of error: CodedError<Self>) -> [String: String] { ["status": "\(error.details.status)"] }

    static func isTold(_ error: CodedError<Self>, in text: String) -> Bool {
        text.contains("status \(error.details.status)")
    }
}

@Suite("Errors with a code", .orderly)
struct CodedErrorTests {
    @Test("A remedy is a clause after a colon, and a sentence after a full stop")
    func remedies() {
        let clause = CodedError(PlainCode.full, "the disk is full", remedy: "remove something")
        #expect(clause.message == "the disk is full: remove something")
        #expect(clause.fact == "the disk is full" && clause.remedy == "remove something")
        let sentence = CodedError(PlainCode.full, "The disk is full.", remedy: "Remove something.")
        #expect(sentence.message == "The disk is full. Remove something.")
        #expect(CodedError(PlainCode.full, "the disk is full").message == "the disk is full")
    }

    @Test("Its text is its sentence and those of its causes, however it is printed")
    func texts() {
        let cause = SystemError("a block can't be written", ENOSPC)
        let error = CodedError(PlainCode.full, "nothing is cached", remedy: "make room", cause: cause)
        let text = "nothing is cached: make room: a block can't be written: No space left on device"
        #expect("\(error)" == text)
        #expect(String(reflecting: error) == text)
    }

    @Test("Its code decides what ends unwanted work")
    func cancellation() {
        #expect(CodedError(PlainCode.cancelled, "it was cancelled").isCancellation)
        #expect(!CodedError(PlainCode.full, "the disk is full").isCancellation)
    }

    @Test("Only a programming mistake has its place in the source as a field")
    func locations() {
        let line: UInt = #line + 1
        let mistake = CodedError(PlainCode.mistake, "a range is empty")
        #expect(mistake.fields == ["location": "SupportTests/CodedErrorTests.swift:\(line)"])
        #expect(CodedError(PlainCode.full, "the disk is full").fields.isEmpty)
    }

    @Test("Its details become fields and say whether a text has it already, and aren't printed")
    func details() {
        let error = CodedError(
            DetailedCode.refused, "the server refused", details: DetailedCode.Details(status: 503))
        #expect(error.fields == ["status": "503"])
        #expect(error.isTold(in: "the list failed (status 503)") && !error.isTold(in: "the list failed"))
        #expect(!"\(error) \(String(reflecting: error))".contains("hunter2"))
    }

    @Test("A system call's error has errno as its code, and errno's text")
    func systemErrors() {
        errno = EMFILE
        let error = SystemError("no pipe can be created")
        #expect(error.code.rawValue == EMFILE)
        #expect(error.message == "no pipe can be created: Too many open files")
    }
}
