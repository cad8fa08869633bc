import Foundation
import Support
import TestSupport
import Testing

@testable import Envelope

@Suite("Envelope metadata", .orderly)
struct EnvelopeMetadataTests {
    // The response in Twilio's guide to encrypted video.
    private let sampleKey =
        "0ZY1jiGSu/FlI4l1OnNFeWvWFXUOEQ2apv3/OtMFlwLO83bHlB44gbZe2SW6wOBs8UTsxC7bEnY+Gn2tdzp7ltzrKtBu7cfMzOxshABFiiJb"
        + "CSBmOzUHs3OkU30Wi3Hq953SJJO+4W0DAINfhGiDlWxgIbjHegamneJ983DDpm+AyKa77jq5T+4LxJdOv5bqU4ioZKetv/OA987JZaetPVTr"
        + "55uSmqr8SbsX9xmaIKjo7V6ivutwcCKWX9bvf1qxUu/ZohTmouL2MOocojNMMx5ovTX3QXLCGUwx6pOS83zqHNxmFhU2EHENCs5KNYL6GjhO"
        + "wmoGyeQPS+pe8bPRFg=="
    private let sampleVector = "EmKjzVpvXC9rE6DJ00Xv7Q=="

    /// The same without prefix, for variations.
    private var version1: [String: String] {
        [
            "x-amz-key": sampleKey, "x-amz-iv": sampleVector, "x-amz-matdesc": "{}",
            "x-amz-unencrypted-content-length": "746518",
        ]
    }

    private var version2: [String: String] {
        [
            "x-amz-key-v2": sampleKey, "x-amz-iv": sampleVector, "x-amz-matdesc": "{}", "x-amz-tag-len": "128",
            "x-amz-wrap-alg": "RSA/ECB/OAEPWithSHA-256AndMGF1Padding", "x-amz-cek-alg": "AES/GCM/NoPadding",
        ]
    }

    private func read(_ headers: [String: String], prefix: String = "x-amz-meta-") throws -> EnvelopeMetadata? {
        try EnvelopeMetadata.s3EncryptionClient { name in
            headers.first { prefix + $0.key == name }?.value
        }
    }

    private func failure(_ headers: [String: String]) throws -> EnvelopeError {
        try #require(throws: EnvelopeError.self) { _ = try read(headers) }
    }

    @Test("Version 1, as in Twilio's guide, is CBC with RSAES-PKCS1-v1_5", arguments: ["x-amz-meta-", ""])
    func version1Sample(prefix: String) throws {
        let metadata = try #require(try read(version1, prefix: prefix))
        #expect(metadata.cipher == .aes256CBC)
        #expect(metadata.wrapping == .rsaPKCS1v15)
        #expect(metadata.wrappedKey == [UInt8](try #require(Data(base64Encoded: sampleKey))))
        #expect(metadata.initializationVector == [UInt8](try #require(Data(base64Encoded: sampleVector))))
        #expect(metadata.publicKeySID == nil)
        #expect(metadata.plaintextSize == 746_518)
    }

    @Test(
        "Version 1 is read without the length, and with an MD5, which isn't used: it could be compared by no read of a part"
    )
    func version1Variations() throws {
        var headers = version1
        headers["x-amz-unencrypted-content-length"] = nil
        headers["x-amz-unencrypted-content-md5"] = "1B2M2Y8AsgTpgAmY7PhCfg=="
        let metadata = try #require(try read(headers))
        #expect(metadata.plaintextSize == nil)
    }

    @Test(
        "Version 2 names its schemes",
        arguments: [
            ("RSA/ECB/OAEPWithSHA-256AndMGF1Padding", EnvelopeMetadata.KeyWrapping.rsaOAEPSHA256),
            ("RSA-OAEP-SHA1", .rsaOAEPSHA1KEM),
        ],
        [
            ("AES/GCM/NoPadding", EnvelopeMetadata.ContentCipher.aes256GCM), ("AES/CBC/PKCS5Padding", .aes256CBC),
        ])
    func version2Schemes(
        wrapping: (name: String, value: EnvelopeMetadata.KeyWrapping),
        cipher: (name: String, value: EnvelopeMetadata.ContentCipher)
    ) throws {
        var headers = version2
        headers["x-amz-wrap-alg"] = wrapping.name
        headers["x-amz-cek-alg"] = cipher.name
        if cipher.value == .aes256CBC { headers["x-amz-tag-len"] = nil }
        let metadata = try #require(try read(headers))
        #expect(metadata.wrapping == wrapping.value)
        #expect(metadata.cipher == cipher.value)
    }

    @Test("An object without any of the client's headers isn't encrypted")
    func notEncrypted() throws {
        #expect(try read([:]) == nil)
        #expect(try read(["content-length": "12", "x-amz-matdesc": "{}"]) == nil)
    }

    @Test(
        "What isn't known is refused by name",
        arguments: [
            ("x-amz-wrap-alg", "kms+context"), ("x-amz-wrap-alg", "AES/GCM"), ("x-amz-wrap-alg", "rsa-oaep-sha1"),
            ("x-amz-cek-alg", "AES/CTR/NoPadding"), ("x-amz-c", "115"),
        ])
    func unknownSchemes(header: String, value: String) throws {
        var headers = version2
        headers[header] = value
        let error = try failure(headers)
        #expect(error.code == .unsupportedScheme)
        #expect(error.message.contains(value))
        #expect(error.message.contains(header))
    }

    @Test(
        "A missing or malformed header is named",
        arguments: [
            ("x-amz-iv", nil), ("x-amz-iv", ""), ("x-amz-iv", "AAAA"), ("x-amz-iv", "EmKjzVpvXC9rE6DJ00Xv7QA="),
            ("x-amz-iv", "EmKjzVpvXC9rE6DJ00Xv7Q"), ("x-amz-iv", "?mKjzVpvXC9rE6DJ00Xv7Q=="), ("x-amz-key", ""),
            ("x-amz-key", "AAAA"), ("x-amz-key", "!"), ("x-amz-key", nil), ("x-amz-key-v2", "AAAA"),
            ("x-amz-unencrypted-content-length", "-1"), ("x-amz-unencrypted-content-length", "+1"),
            ("x-amz-unencrypted-content-length", "1e3"), ("x-amz-unencrypted-content-length", ""),
            ("x-amz-unencrypted-content-length", "9223372036854775808"),
        ] as [(String, String?)])
    func malformedVersion1(header: String, value: String?) throws {
        var headers = version1
        headers[header] = value
        #expect(try failure(headers).code == .invalidMetadata)
    }

    @Test(
        "Version 2 needs its headers, and a tag of 128 bits",
        arguments: [
            ("x-amz-wrap-alg", nil), ("x-amz-cek-alg", nil), ("x-amz-iv", nil), ("x-amz-key-v2", nil),
            ("x-amz-tag-len", nil), ("x-amz-tag-len", "96"), ("x-amz-tag-len", ""), ("x-amz-key", "AAAA"),
        ] as [(String, String?)])
    func malformedVersion2(header: String, value: String?) throws {
        var headers = version2
        headers[header] = value
        let error = try failure(headers)
        #expect(error.code == .invalidMetadata)
    }

    @Test("A voice recording's details are GCM with RSAES-OAEP and SHA-256")
    func voice() throws {
        // The values of a published walk-through of voice recording encryption.
        let metadata = try EnvelopeMetadata.rsaAES(
            type: "rsa-aes", publicKeySID: "CRa804e6eb80d1138dc835bdaa1d68741c",
            wrappedKeyBase64: """
                T86iq9553ZYkjXFkKh8+0JR5X+KIMWaoMwgBp3C3HDHhEPaaM7hmszEb8yLcFKZ1GpTeeoqQEamo/db5LIsqve2FNm0rDXWznygX
                /EPOEJMPgO5MlFLkUcvfAFmnA7kcz+pq1/SV3BCvk+Jp2g3nlfm30ouQgL90J+JETDUyXkHXWhV4oxFuBMrAxmmLf9FGYF4ghBuI
                FNhwN+XvGAKsejg1QFxqDRUfV4cZeRSE8hjLS73hwQoGF4QrK7UlnGT7+qfttPVFFa2L7ncYbCEBVu4+qk0LE0h4M6kGTRNudMib
                QqFoY+DLzK0pXsmIauauKUs7Teztszbh/oPhk6w9Fg==
                """, initializationVectorBase64: "jzzPVTJuK6duW73l")
        #expect(metadata.cipher == .aes256GCM)
        #expect(metadata.wrapping == .rsaOAEPSHA256)
        #expect(metadata.wrappedKey.count == 256)
        #expect(metadata.initializationVector == bytes(hex: "8f3ccf55326e2ba76e5bbde5"))
        #expect(metadata.publicKeySID == "CRa804e6eb80d1138dc835bdaa1d68741c")
        #expect(metadata.plaintextSize == nil)
    }

    @Test("An unknown type is refused by name, a missing one taken")
    func voiceType() throws {
        func read(_ type: String?) throws -> EnvelopeMetadata {
            try .rsaAES(
                type: type, publicKeySID: nil, wrappedKeyBase64: sampleKey, initializationVectorBase64: sampleVector)
        }
        #expect(try read(nil).cipher == .aes256GCM)
        for type in ["rsa-chacha", "", "RSA-AES"] {
            let error = try #require(throws: EnvelopeError.self) { _ = try read(type) }
            #expect(error.code == .unsupportedScheme)
            #expect(error.message.contains("\"\(type)\""))
        }
    }

    @Test("Bad Base64 and sizes in a voice recording's details are refused")
    func malformedVoice() throws {
        let long = Data(repeating: 0, count: 129).base64EncodedString()
        let tooLong = Data(repeating: 0, count: 513).base64EncodedString()
        let tooShort = Data(repeating: 0, count: 255).base64EncodedString()
        for (key, vector) in [
            (sampleKey, ""), (sampleKey, "===="), (sampleKey, "jzzPVTJuK6duW73"), (sampleKey, "jzzP-TJuK6duW73l"),
            (sampleKey, long), ("", sampleVector), ("A", sampleVector), (tooShort, sampleVector),
            (tooLong, sampleVector),
        ] {
            let thrown = try code {
                _ = try EnvelopeMetadata.rsaAES(
                    type: "rsa-aes", publicKeySID: nil, wrappedKeyBase64: key, initializationVectorBase64: vector)
            }
            #expect(thrown == .invalidMetadata, "\(key), \(vector)")
        }
    }

    @Test("Envelopes decrypt alike if cipher, wrapped key and vector are the same, whatever else they tell")
    func alike() throws {
        func metadata(
            _ cipher: EnvelopeMetadata.ContentCipher = .aes256GCM, key: UInt8 = 1, vector: UInt8 = 2, sid: String? = nil
        ) throws -> EnvelopeMetadata {
            try EnvelopeMetadata(
                cipher: cipher, wrapping: .rsaOAEPSHA256, wrappedKey: Array(repeating: key, count: 256),
                initializationVector: Array(repeating: vector, count: 16), publicKeySID: sid)
        }
        let one = try metadata()
        #expect(try one.decryptsLike(metadata()) && one.decryptsLike(metadata(sid: "CR2")))
        #expect(try one.digest() == metadata(sid: "CR2").digest())
        for other in [try metadata(.aes256CBC), try metadata(key: 3), try metadata(vector: 3)] {
            #expect(!one.decryptsLike(other) && !other.decryptsLike(one))
            #expect(try one.digest() != other.digest())
        }
    }

    @Test("Vectors have the lengths of their ciphers", arguments: [0, 1, 11, 12, 15, 16, 17, 127, 128, 129])
    func vectorLengths(count: Int) throws {
        for (cipher, isRight) in [
            (EnvelopeMetadata.ContentCipher.aes256GCM, 1...128 ~= count), (.aes256CBC, count == 16),
        ] {
            let thrown = try code {
                _ = try EnvelopeMetadata(
                    cipher: cipher, wrapping: .rsaOAEPSHA256, wrappedKey: Array(repeating: 0, count: 256),
                    initializationVector: Array(repeating: 0, count: count))
            }
            #expect(thrown == (isRight ? nil : .invalidMetadata))
        }
    }

    @Test("A range that is asked for wrongly is a mistake of the caller, and nothing else is")
    func mistakes() {
        #expect(EnvelopeError.Code.invalidRange.isProgrammingMistake)
        for code in [EnvelopeError.Code.truncated, .authenticationFailed, .cryptoFailure, .invalidMetadata] {
            #expect(!code.isProgrammingMistake)
        }
    }

    @Test("Base64 decodes what Foundation encodes, wrapped or not, and nothing that isn't Base64")
    func base64() {
        var generator = SeededGenerator(seed: 16)
        for count in 0...100 {
            let data = generator.bytes(count)
            let text = Data(data).base64EncodedString()
            #expect(Base64.decode(text) == data)
            #expect(Base64.decode(" " + text.map { "\($0)\r\n\t" }.joined()) == data)
            if text.hasSuffix("=") {
                #expect(Base64.decode(String(text.dropLast())) == nil)
            }
            #expect(Base64.decode(text + "=") == nil)
            #expect(Base64.decode(text + "A") == nil)
        }
        for text in [
            "=", "A", "AA", "AAA", "A===", "AB==", "AAB=", "AA=A", "AAAA=AAA", "AA-_", "AAA\u{E9}", "AA\0A", "====",
            "AA\u{8}AA", "AA\u{E}AA",
        ] {
            #expect(Base64.decode(text) == nil, "\(text)")
        }
    }

    @Test("Base64 is what RFC 4648 lets an encoder write, white space aside, and nothing else")
    func strictBase64() throws {
        // The last digit before padding has no bits but those of a byte: RFC 4648, section 3.5.
        let canonical = try Regex(
            "(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/][AQgw]==|[A-Za-z0-9+/]{2}[AEIMQUYcgkosw048]=)?")
        var texts = [""]
        for _ in 0..<6 {
            texts = [""] + texts.flatMap { text in ["A", "B", "=", "/", " "].map { text + $0 } }
        }
        for text in texts {
            let isRight = try canonical.wholeMatch(in: text.replacing(" ", with: "")) != nil
            #expect((Base64.decode(text) != nil) == isRight, "'\(text)'")
        }
    }

    @Test("Each of the client's headers says that media is sealed, with the prefix or without, but for one")
    func recognition() throws {
        for name in S3EncryptionHeaders.Name.allCases {
            for header in ["x-amz-meta-\(name.rawValue)", name.rawValue, "X-Amz-Meta-\(name.rawValue.uppercased())"] {
                let fields = EnvelopeMetadata.s3EncryptionClientFields(of: [
                    (header, "1"), ("etag", "2"), (header, "3"),
                ])
                #expect(fields == (name == .materialDescription ? [:] : [header.lowercased(): "1"]))
                let others = EnvelopeMetadata.s3EncryptionClientFields(of: [(header + "x", "1"), ("x-" + header, "1")])
                #expect(others.isEmpty)
            }
        }
    }

    @Test("A header that comes twice contradicts itself only with another value")
    func contradiction() {
        func name(_ headers: [(name: String, value: String)]) -> String? {
            EnvelopeMetadata.contradictoryS3EncryptionClientField(of: headers)
        }
        #expect(name([("x-amz-iv", "1"), ("X-Amz-Meta-X-Amz-IV", "2")]) == "x-amz-iv")
        #expect(name([("x-amz-iv", "1"), ("x-amz-meta-x-amz-iv", "1")]) == nil)
        #expect(name([("etag", "1"), ("etag", "2"), ("x-amz-key", "1")]) == nil)
    }

    @Test("An envelope's digest stays what it was in earlier versions, since it names what is cached")
    func digest() throws {
        // `{ printf '\1\14'; head -c 12 /dev/zero; head -c 256 /dev/zero; } | sha256sum`, and likewise with 2 and 16.
        for (cipher, vectorSize, expected) in [
            (.aes256GCM, 12, "f492ded3522079bc06edfe3101a4fa3da96c35348ff9628d705c5bb5ea5d4fbc"),
            (.aes256CBC, 16, "10c371415f7c40491273b759c8da59ba57afdbbcd518c0c76cccbbbf5364bd9b"),
        ] as [(EnvelopeMetadata.ContentCipher, Int, String)] {
            let metadata = try EnvelopeMetadata(
                cipher: cipher, wrapping: .rsaOAEPSHA256, wrappedKey: [UInt8](repeating: 0, count: 256),
                initializationVector: [UInt8](repeating: 0, count: vectorSize))
            #expect(try metadata.digest() == expected)
        }
    }
}
