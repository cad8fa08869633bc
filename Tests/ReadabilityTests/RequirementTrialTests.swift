import Media
import TestSupport
import Testing
import Transfer
import TwilioAPI

@testable import Readability

@Suite("Trials of a requirement", .orderly)
struct RequirementTrialTests {
    @Test("Media can't be fetched only if an answer says so; an outage says nothing")
    func isThere() throws {
        let sid = try #require(SID("RE" + String(repeating: "1", count: 32)))
        func isThere(_ code: MediaErrorCode, cause: (any Error)? = nil) -> Bool? {
            RequirementTrial.isThere(after: MediaError(code, sid, "made up", cause: cause))
        }
        #expect(isThere(.mediaMissing) == false)
        #expect(isThere(.accessDenied) == false)
        #expect(isThere(.keyNotHeld) == true)
        for code in [MediaErrorCode.transferFailed, .storage, .shutDown, .unexpectedContent] {
            #expect(isThere(code) == nil, "\(code)")
        }
    }

    @Test("One success proves it, and only enough failures refute it")
    func verdict() {
        #expect(RequirementTrial.verdict(of: [false, nil, true]) == true)
        #expect(RequirementTrial.verdict(of: [false]) == false)
        #expect(RequirementTrial.verdict(of: [false, false, false, nil]) == false)
        #expect(RequirementTrial.verdict(of: [false, nil]) == nil)
        #expect(RequirementTrial.verdict(of: [nil, nil, nil]) == nil)
        #expect(RequirementTrial.verdict(of: []) == nil)
    }

    @Test("An inconclusive trial leaves the verdict of an earlier one")
    func inconclusive() {
        let group = RequirementGroup(number: 1, kind: .composition)
        var findings = Findings()
        findings.note(nil, on: group)
        #expect(findings.isHeld[group] == .some(nil) && findings.missing.isEmpty)
        findings.note(false, on: group)
        findings.note(nil, on: group)
        #expect(findings.missing == [group])
        findings.note(true, on: group)
        findings.note(nil, on: group)
        #expect(findings.verdict(on: group) == true)
    }
}
