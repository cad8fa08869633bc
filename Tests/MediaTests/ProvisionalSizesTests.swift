import Foundation
import TestSupport
import Testing
import TwilioAPI

@testable import Media

@Suite("Sizes that are told again", .orderly)
struct ProvisionalSizesTests {
    private let sid = SID("RE" + String(repeating: "a", count: 32))!

    private func facts(_ size: Int64) throws -> MediaFacts {
        try #require(
            MediaFacts(
                ciphertextSize: size, plaintextSize: size, isPlaintextSizeExact: true, entityTag: nil,
                envelopeFields: [:], tail: [], requestedChannels: nil, isConfirmed: false, completeness: .cut))
    }

    @Test("One is believed when it has been told for a minute, and another begins anew")
    func settling() throws {
        var sizes = ProvisionalSizes()
        let start = ContinuousClock.now
        func isSettled(_ size: Int64, after seconds: Int) throws -> Bool {
            sizes.isSettled(try facts(size), of: sid, now: start + .seconds(seconds))
        }
        #expect(try !isSettled(100, after: 0))
        #expect(try !isSettled(100, after: 59))
        #expect(try isSettled(100, after: 60))
        #expect(try !isSettled(200, after: 61))
        #expect(try !isSettled(100, after: 62))
        #expect(try !isSettled(100, after: 100))
        #expect(try isSettled(100, after: 122))
        // Media of this size was read in between, and then some of another.
        sizes.noteAnswer(of: sid, size: 100)
        #expect(try isSettled(100, after: 123))
        sizes.noteAnswer(of: sid, size: 200)
        #expect(try !isSettled(100, after: 124))
        #expect(try isSettled(100, after: 184))
        // Another size was confirmed in between.
        sizes.forget(sid)
        #expect(try !isSettled(100, after: 200))
    }

    @Test("Those of many recordings are told apart, each for as long as its completeness allows")
    func many() throws {
        var sizes = ProvisionalSizes()
        let start = ContinuousClock.now
        let whole = try #require(
            MediaFacts(
                ciphertextSize: 20, plaintextSize: 20, isPlaintextSizeExact: true, entityTag: nil, envelopeFields: [:],
                tail: [], requestedChannels: nil, isConfirmed: false))
        let other = try #require(SID("RE" + String(repeating: "b", count: 32)))
        sizes.note(try facts(10), of: sid, now: start)
        sizes.note(whole, of: other, now: start)
        var areSettled = [sizes.isSettled(try facts(10), of: sid, now: start)]
        areSettled.append(sizes.isSettled(whole, of: other, now: start))
        #expect(sizes.size(of: sid, now: start + .seconds(4)) == 10)
        #expect(sizes.size(of: sid, now: start + .seconds(5)) == nil)
        #expect(sizes.size(of: other, now: start + .seconds(59)) == 20)
        #expect(sizes.size(of: other, now: start + .seconds(60)) == nil)
        areSettled.append(sizes.isSettled(try facts(10), of: sid, now: start + .seconds(60)))
        areSettled.append(sizes.isSettled(whole, of: other, now: start + .seconds(60)))
        #expect(areSettled == [false, false, true, true])
    }
}

@Suite("What is known of media", .orderly)
struct MediaFactsTests {
    private func facts(
        _ ciphertextSize: Int64, _ plaintextSize: Int64, tag: String? = "a", isConfirmed: Bool = true,
        fields: [String: String] = [:]
    ) throws -> MediaFacts {
        try #require(
            MediaFacts(
                ciphertextSize: ciphertextSize, plaintextSize: plaintextSize, isPlaintextSizeExact: true,
                entityTag: tag, envelopeFields: fields, tail: [], requestedChannels: nil, isConfirmed: isConfirmed))
    }

    @Test("It agrees with the resource that tells whether voice is encrypted, and with no other")
    func agreement() throws {
        let details = #","encryption_details":{"type":"rsa-aes","encrypted_cek":"QQ==","iv":"QQ=="}"#
        func resource(_ members: String) throws -> MediaResource {
            let sid = "RE" + String(repeating: "a", count: 32)
            return try MediaResource(kind: .voiceRecording, json: Array(#"{"sid":"\#(sid)"\#(members)}"#.utf8))
        }
        let (plain, sealed) = (try resource(""), try resource(details))
        for (plaintextSize, agreesWithPlain, agreesWithSealed) in [
            (1000, true, false), (984, false, true), (500, false, false),
        ] {
            let facts = try facts(1000, Int64(plaintextSize))
            #expect(facts.agree(with: plain) == agreesWithPlain)
            #expect(facts.agree(with: sealed) == agreesWithSealed)
        }
    }

    @Test("A part is shorter, not confirmed, and has the same entity tag or none")
    func parts() throws {
        let known = try facts(1000, 1000)
        #expect(try facts(500, 500, isConfirmed: false).mayBeCutOff(from: known))
        #expect(try facts(500, 500, tag: nil, isConfirmed: false).mayBeCutOff(from: known))
        #expect(try !facts(500, 500, tag: "b", isConfirmed: false).mayBeCutOff(from: known))
        #expect(try !facts(500, 500).mayBeCutOff(from: known))
        #expect(try !facts(2000, 2000, isConfirmed: false).mayBeCutOff(from: known))
    }

    @Test("Envelopes have the same name only if they decrypt alike")
    func envelopeNames() throws {
        func name(key: UInt8, vector: UInt8, extra: [String: String] = [:]) throws -> String? {
            let fields = [
                "x-amz-key": Data(repeating: key, count: 256).base64EncodedString(),
                "x-amz-iv": Data(repeating: vector, count: 16).base64EncodedString(),
            ]
            return try facts(1000, 984, fields: fields.merging(extra) { $1 }).envelopeDigest
        }
        let first = try name(key: 1, vector: 1)
        #expect(first?.count == 64)
        #expect(try first == name(key: 1, vector: 1, extra: ["x-amz-unencrypted-content-length": "980"]))
        #expect(try first != name(key: 2, vector: 1))
        #expect(try first != name(key: 1, vector: 2))
        #expect(try facts(1000, 1000).envelopeDigest == nil)
    }
}
