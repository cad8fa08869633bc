import TestSupport
import Testing

@testable import Envelope

/// A test case of "The Galois/Counter Mode of Operation (GCM)" by McGrew and Viega, appendix B.
struct GCMTestCase: Sendable, CustomTestStringConvertible {
    let number: Int
    let key: String
    let vector: String
    let plaintext: String
    let ciphertext: String
    let tag: String
    /// Whether the case authenticates additional data too, which recordings never have: its tag isn't ours to verify.
    var hasAdditionalData = false

    var testDescription: String { "test case \(number)" }

    private static let key =
        "feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308"
    private static let plaintext =
        "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72"
        + "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255"

    static let all: [GCMTestCase] = [
        GCMTestCase(
            number: 13, key: String(repeating: "0", count: 64), vector: String(repeating: "0", count: 24),
            plaintext: "", ciphertext: "", tag: "530f8afbc74536b9a963b4f1c4cb738b"),
        GCMTestCase(
            number: 14, key: String(repeating: "0", count: 64), vector: String(repeating: "0", count: 24),
            plaintext: String(repeating: "0", count: 32), ciphertext: "cea7403d4d606b6e074ec5d3baf39d18",
            tag: "d0d1c8a799996bf0265b98b5d48ab919"),
        GCMTestCase(
            number: 15, key: key, vector: "cafebabefacedbaddecaf888", plaintext: plaintext,
            ciphertext: "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
                + "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad",
            tag: "b094dac5d93471bdec1a502270e3cc6c"),
        GCMTestCase(
            number: 16, key: key, vector: "cafebabefacedbaddecaf888", plaintext: String(plaintext.dropLast(8)),
            ciphertext: "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa"
                + "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
            tag: "76fc6ece0f4e1768cddf8853bb2d551b", hasAdditionalData: true),
        GCMTestCase(
            number: 17, key: key, vector: "cafebabefacedbad", plaintext: String(plaintext.dropLast(8)),
            ciphertext: "c3762df1ca787d32ae47c13bf19844cbaf1ae14d0b976afac52ff7d79bba9de0"
                + "feb582d33934a4f0954cc2363bc73f7862ac430e64abe499f47c9b1f",
            tag: "3a337dbf46a792c45e454913fe2ea8f2", hasAdditionalData: true),
        GCMTestCase(
            number: 18, key: key,
            vector: "9313225df88406e555909c5aff5269aa6a7a9538534f7da1e4c303d2a318a728"
                + "c3c0c95156809539fcf0e2429a6b525416aedbf5a0de6a57a637b39b",
            plaintext: String(plaintext.dropLast(8)),
            ciphertext: "5a8def2f0c9e53f1f75d7853659e2a20eeb2b22aafde6419a058ab4f6f746bf4"
                + "0fc0c3b780f244452da3ebf1c5d82cdea2418997200ef82e44ae7e3f",
            tag: "a44a8266ee1c8eb0c8b5d4cf5ae9f19a", hasAdditionalData: true),
    ]
}

@Suite("Published vectors", .orderly)
struct PublishedVectorsTests {
    @Test("SP 800-38A, F.2.6 CBC-AES256.Decrypt decrypts, whole and block by block")
    func cbc() throws {
        let seal = try TestSeal(
            .aes256CBC, key: bytes(hex: "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"),
            vector: bytes(hex: "000102030405060708090a0b0c0d0e0f"))
        let ciphertext = bytes(
            hex: "f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d"
                + "39f23369a9d9bacfa530e26304231461b2eb05e2c39be9fcda6c19078c6a9d1b")
        let plaintext = bytes(
            hex: "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
                + "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710")
        let decryptor = try seal.decryptor()
        #expect(try decryptor.decrypt(ciphertext, at: 0, plaintextOffset: 0, count: 64) == plaintext)
        for block in 0..<4 {
            let start = block * 16
            #expect(
                try decryptor.decrypt(ciphertext, at: 0, plaintextOffset: Int64(start), count: 16)
                    == Array(plaintext[start..<(start + 16)]))
        }
    }

    @Test("McGrew and Viega's GCM cases with 256-bit keys decrypt, from every offset", arguments: GCMTestCase.all)
    func gcmDecryption(testCase: GCMTestCase) throws {
        let seal = try TestSeal(.aes256GCM, key: bytes(hex: testCase.key), vector: bytes(hex: testCase.vector))
        let plaintext = bytes(hex: testCase.plaintext)
        let ciphertext = bytes(hex: testCase.ciphertext)
        let decryptor = try seal.decryptor()
        for offset in 0...plaintext.count {
            let decrypted = try decryptor.decrypt(
                Array(ciphertext[offset...]), at: Int64(offset), plaintextOffset: Int64(offset),
                count: plaintext.count - offset)
            #expect(decrypted == Array(plaintext[offset...]))
        }
    }

    @Test(
        "McGrew and Viega's GCM cases without additional data verify",
        arguments: GCMTestCase.all.filter { !$0.hasAdditionalData })
    func gcmTag(testCase: GCMTestCase) throws {
        let seal = try TestSeal(.aes256GCM, key: bytes(hex: testCase.key), vector: bytes(hex: testCase.vector))
        let ciphertext = bytes(hex: testCase.ciphertext + testCase.tag)
        var authenticator = try GCMAuthenticator(
            key: seal.key, metadata: seal.metadata, ciphertextSize: Int64(ciphertext.count))
        try authenticator.absorb(ciphertext.span.bytes, at: 0)
        try authenticator.verify()
    }
}
