import TestSupport
import Testing
import TwilioAPI

@testable import Readability

@Suite("Findings about an account", .orderly)
struct FindingsTests {
    private static let voice = RequirementGroup(number: 1, kind: .voiceRecording)
    private static let video = RequirementGroup(number: 1, kind: .videoRecording)
    private static let bucket = RequirementGroup(number: 2, kind: .composition)
    private static let requirements: [Int64: MediaRequirement] = [1: .unnamedKey, 2: .bucket]

    @Test("A listing is covered when each group has a verdict, or had no recordings at its present mark")
    func cover() {
        let mark = GroupMark(count: 3, gains: 0)
        var findings = Findings()
        #expect(findings.cover([]))
        #expect(!findings.cover([(Self.voice, mark)]))
        findings.isHeld[Self.voice] = .some(nil)
        findings.marksOfEmptyGroups[Self.video] = mark
        #expect(findings.cover([(Self.voice, mark), (Self.video, mark)]))
        #expect(!findings.cover([(Self.video, GroupMark(count: 4, gains: 0))]))
        #expect(!findings.cover([(Self.video, GroupMark(count: 3, gains: 1))]))
        #expect(findings.cover([(Self.voice, GroupMark(count: 9, gains: 9))]))
    }

    @Test("Recordings are counted for each missing requirement, without kinds that can be read")
    func count() {
        var findings = Findings()
        findings.isHeld = [Self.voice: false, Self.video: true, Self.bucket: nil]
        #expect(findings.missing == [Self.voice])
        findings.count(
            [.unnamedKey: [.voiceRecording: 2, .videoRecording: 5], .bucket: [.composition: 7]],
            of: Self.requirements, isHiding: true)
        #expect(
            findings.unreadable == [
                UnreadableRecordings(
                    requirement: .unnamedKey, kinds: [.voiceRecording], isHeldForOthers: true, count: 2, isWhole: false,
                    isHidden: true)
            ])
    }

    @Test("While the catalog grows, they are counted when another group is missing, and after a while")
    func countIsDue() {
        var findings = Findings()
        #expect(findings.isCountDue())
        findings.count([:], of: Self.requirements, isHiding: false)
        #expect(!findings.isCountDue())
        #expect(findings.isCountDue(now: .now + .seconds(31)))
        findings.isHeld[Self.voice] = false
        #expect(findings.isCountDue())
        findings.count([:], of: Self.requirements, isHiding: false)
        #expect(!findings.isCountDue())
        findings.isWhole = true
        #expect(findings.isCountDue())
    }

    @Test("Verdicts are doubted every ten minutes")
    func doubt() {
        var findings = Findings()
        let areDoubted = [0, 601, 1200, 1202].map { findings.areDoubted(isWhole: false, now: .now + .seconds($0)) }
        #expect(areDoubted == [false, true, false, true])
    }

    @Test("What the first recordings of a list made missing is doubted, and awaited, when the list is complete")
    func firstOfWhole() {
        var findings = Findings()
        let mark = GroupMark(count: 3, gains: 0)
        findings.isHeld[Self.bucket] = false
        #expect(!findings.cover([(Self.bucket, mark)]))
        var areDoubted = [findings.areDoubted(isWhole: true)]
        findings.isWhole = true
        areDoubted += [true, false].map { findings.areDoubted(isWhole: $0) }
        #expect(areDoubted == [true, false, false])
        #expect(findings.cover([(Self.bucket, mark)]))
    }

    @Test("Each reason is logged once, and once more when the lists have become complete")
    func news() {
        func survey(count: Int64, isWhole: Bool) -> Findings {
            var findings = Findings()
            findings.isWhole = isWhole
            findings.isHeld[Self.voice] = false
            findings.count([.unnamedKey: [.voiceRecording: count]], of: Self.requirements, isHiding: false)
            return findings
        }
        var findings = Findings()
        let surveys = [
            survey(count: 1, isWhole: false), survey(count: 2, isWhole: false), Findings(),
            survey(count: 3, isWhole: true), survey(count: 4, isWhole: true),
        ]
        let news = surveys.map { findings.replace(by: $0).map(\.count) }
        #expect(news == [[1], [], [], [3], []])
        #expect(findings.unreadable.map(\.count) == [4])
    }
}
