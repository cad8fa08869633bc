import Foundation
import TestSupport
import Testing
import Transfer

@testable import Media

@Suite("Which request tells a size", .orderly)
struct ProbeFindingsTests {
    private let origin: Origin
    private let other: Origin
    private let start = ContinuousClock.now

    init() throws {
        func origin(_ text: String) -> Origin? { URL(string: text).flatMap { Address(url: $0).origin } }
        self.origin = try #require(origin("https://api.example/x.wav"))
        other = try #require(origin("https://api.example:444/x.wav"))
    }

    /// Takes the value as an argument: a macro can't call what changes the findings.
    private func expect<Value: Equatable>(
        _ found: Value, _ expected: Value, _ location: SourceLocation = #_sourceLocation
    ) {
        #expect(found == expected, sourceLocation: location)
    }

    @Test("The last bytes are asked for until HEAD has told a size at a host that ignores ranges")
    func checked() {
        var findings = ProbeFindings()
        expect(findings.probe(at: origin, now: start), .lastBytes)
        expect(findings.learn(ignoresRanges: true, at: origin, now: start), true)
        // One check is enough, however many find out the same meanwhile.
        expect(findings.learn(ignoresRanges: true, at: origin, now: start), false)
        expect(findings.probe(at: origin, now: start), .lastBytes)
        findings.headWasChecked(at: origin, tellsSize: true)
        expect(findings.probe(at: origin, now: start), .head)
        expect(findings.learn(ignoresRanges: true, at: origin, now: start), false)
        expect(findings.probe(at: origin, now: start), .head)
        expect(findings.probe(at: other, now: start), .lastBytes)
    }

    @Test("Where HEAD tells another size or none, it is left alone, and checked again after a while")
    func useless() {
        var findings = ProbeFindings()
        _ = findings.learn(ignoresRanges: true, at: origin, now: start)
        findings.headWasChecked(at: origin, tellsSize: false)
        expect(findings.probe(at: origin, now: start), .lastBytes)
        expect(findings.learn(ignoresRanges: true, at: origin, now: start + .seconds(599)), false)
        expect(findings.learn(ignoresRanges: true, at: origin, now: start + .seconds(600)), true)
        findings.headWasChecked(at: origin, tellsSize: true)
        expect(findings.probe(at: origin, now: start + .seconds(601)), .head)
    }

    @Test("A finding is doubted after a while, by one request at a time")
    func doubted() {
        var findings = ProbeFindings()
        _ = findings.learn(ignoresRanges: true, at: origin, now: start)
        findings.headWasChecked(at: origin, tellsSize: true)
        let later = start + .seconds(600)
        expect(findings.probe(at: origin, now: later), .lastBytes)
        expect(findings.probe(at: origin, now: later), .head)
        // Still so.
        expect(findings.learn(ignoresRanges: true, at: origin, now: later), false)
        expect(findings.probe(at: origin, now: later + .seconds(599)), .head)
        expect(findings.probe(at: origin, now: later + .seconds(600)), .lastBytes)
        // No more.
        expect(findings.learn(ignoresRanges: false, at: origin, now: later + .seconds(600)), false)
        expect(findings.probe(at: origin, now: later + .seconds(600)), .lastBytes)
    }

    @Test("A host that refuses HEAD after all isn't asked for it again soon")
    func failed() {
        var findings = ProbeFindings()
        _ = findings.learn(ignoresRanges: true, at: origin, now: start)
        findings.headWasChecked(at: origin, tellsSize: true)
        findings.headFailed(at: origin, now: start)
        expect(findings.probe(at: origin, now: start), .lastBytes)
        expect(findings.learn(ignoresRanges: true, at: origin, now: start), false)
        // The answer to a check that began before says nothing.
        findings.headWasChecked(at: origin, tellsSize: true)
        expect(findings.probe(at: origin, now: start), .lastBytes)
    }
}
