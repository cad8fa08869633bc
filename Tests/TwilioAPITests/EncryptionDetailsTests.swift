import Foundation
import TestSupport
import Testing

@testable import TwilioAPI

@Suite("Details of encryption, in each of their spellings", .orderly)
struct EncryptionDetailsTests {
    static let spellings: [[String: String]] = [
        ["type": "rsa-aes", "public_key_sid": "CR1", "encrypted_cek": "a2V5", "iv": "dmVjdG9y"],
        ["type": "rsa-aes", "encryption_public_key_sid": "CR1", "encryption_cek": "a2V5", "iv": "dmVjdG9y"],
        ["encryption_public_key_sid": "CR1", "encryption_cek": "a2V5", "encryption_iv": "dmVjdG9y"],
    ]

    /// The details as a resource with them gives them.
    private func details(_ json: String) throws -> EncryptionDetails? {
        let sid = "RE" + String(repeating: "0", count: 32)
        let text = "{\"sid\":\"\(sid)\",\"encryption_details\":\(json)}"
        return try MediaResource(kind: .voiceRecording, json: Array(text.utf8)).encryptionDetails
    }

    private func json(_ fields: [String: String?], _ form: Form) throws -> String {
        var text = String(decoding: try JSONEncoder().encode(fields), as: UTF8.self)
        for _ in 0..<(form == .object ? 0 : form == .string ? 1 : 2) {
            text = String(decoding: try JSONEncoder().encode([text]), as: UTF8.self)
            text = String(text.dropFirst().dropLast())
        }
        return text
    }

    @Test("Each spelling is read in each form", arguments: Self.spellings, Form.allCases)
    func everySpelling(fields: [String: String], form: Form) throws {
        let details = try #require(try details(json(fields, form)))
        #expect(details.type == fields["type"])
        #expect(details.publicKeySID == "CR1")
        #expect(details.encryptedContentKey == "a2V5")
        #expect(details.initializationVector == "dmVjdG9y")
    }

    @Test("A field that is null or empty is missing, and takes no other along", arguments: Self.spellings, [nil, ""])
    func missingField(fields: [String: String], value: String?) throws {
        for name in fields.keys {
            var changed: [String: String?] = fields
            changed[name] = .some(value)
            let found = try #require(try details(json(changed, .object)))
            let values = [
                found.type, found.publicKeySID, found.encryptedContentKey, found.initializationVector,
            ]
            #expect(values.compactMap { $0 }.count == fields.count - 1, "\(name)")
        }
    }

    @Test("null means that the media isn't encrypted", arguments: ["null", "\"\""])
    func notEncrypted(json: String) throws {
        #expect(try details(json) == nil)
    }

    @Test(
        "Details that make no sense are not taken for unencrypted media",
        arguments: [
            "\"garbage\"", "\"{\"", "\"[]\"", "[]", "[1]", "false", "true", "0", "1.5", "{}", "\"{}\"", "\" \"",
        ])
    func garbage(json: String) throws {
        let details = try #require(try details(json))
        #expect(details == .unreadable)
    }

    @Test("An unknown type is kept for the error that names it")
    func unknownType() throws {
        #expect(try details("{\"type\":\"post-quantum\"}")?.type == "post-quantum")
    }
}

/// How details are written.
enum Form: CaseIterable {
    case object, string, stringOfString
}
