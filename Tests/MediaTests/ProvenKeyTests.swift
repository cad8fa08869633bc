import Envelope
import TestSupport
import Testing

@testable import Media

@Suite("Which private keys are held", .orderly)
struct ProvenKeyTests {
    private let key = "CR0123456789abcdef0123456789abcdef"

    @Test("An envelope that opens proves it for its kind alone")
    func held() {
        let proven: Set = [ProvenKey(publicKeySID: key, use: .voice)]
        #expect(proven.contains(ProvenKey(publicKeySID: key, use: .voice)))
        #expect(!proven.contains(ProvenKey(publicKeySID: key, use: .video)), "a key may be declared for one kind")
        #expect(!proven.contains(ProvenKey(publicKeySID: "CR" + String(repeating: "1", count: 32), use: .voice)))
    }
}
