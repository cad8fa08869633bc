import Envelope
import TestSupport
import Testing

@testable import Media

@Suite("Which private keys are held", .orderly)
struct KeyStandingsTests {
    private let key = "CR0123456789abcdef0123456789abcdef"

    @Test("An envelope that opens proves it for its kind alone")
    func held() {
        var standings = KeyStandings()
        #expect(!standings.isHeld(key, use: .voice))
        standings.noteHeld(key, use: .voice)
        #expect(standings.isHeld(key, use: .voice))
        #expect(!standings.isHeld(key, use: .video), "a key may be declared for one kind")
        #expect(!standings.isHeld("CR" + String(repeating: "1", count: 32), use: .voice))
    }
}
