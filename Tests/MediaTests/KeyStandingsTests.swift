import Envelope
import TestSupport
import Testing
import TwilioAPI

@testable import Media

@Suite("Which private keys are held", .orderly)
struct KeyStandingsTests {
    private let key = "CR0123456789abcdef0123456789abcdef"

    private func recording(_ digit: Int) throws -> SID {
        try #require(SID("RE" + String(repeating: "\(digit)", count: 32)))
    }

    @Test("one envelope that opens proves it; some different ones that don't are needed for the contrary")
    func standing() throws {
        var standings = KeyStandings()
        for digit in 1...KeyStandings.leastFailures {
            let before = standings.standing(of: key, use: .voice)
            #expect(before == nil)
            for _ in 0..<5 { standings.note(.notHeld, of: key, use: .voice, recording: try recording(digit)) }
        }
        let (voice, video) = (standings.standing(of: key, use: .voice), standings.standing(of: key, use: .video))
        #expect(voice == .notHeld)
        #expect(video == nil, "a key may be declared for one kind")
        standings.note(.held, of: key, use: .voice, recording: try recording(9))
        standings.note(.notHeld, of: key, use: .voice, recording: try recording(1))
        let after = standings.standing(of: key, use: .voice)
        #expect(after == .held)
    }
}
