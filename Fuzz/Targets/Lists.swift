import Foundation

@testable import TwilioAPI

/// Documents of Twilio's API.
let listTargets: [FuzzTarget] = [
    FuzzTarget(name: "json-scanner") { bytes in
        var scanner = JSONScanner(bytes, subject: "the text")
        scanner.skipSpace()
        try scanner.value()
        try scanner.finish()
        // Stricter than Foundation's: whatever it takes, Foundation takes as well, but for two things that JSON allows:
        // halves of characters, and numbers that no Double holds.
        let isPlain =
            !text(bytes).lowercased().contains("\\ud")
            && !bytes.contains { $0 == UInt8(ascii: "e") || $0 == UInt8(ascii: "E") }
        if isPlain, bytes.count < 300 {
            check(
                (try? JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)) != nil,
                "the scanner takes what isn't JSON")
        }
    },
    FuzzTarget(name: "list-page") { bytes in
        guard let kind = MediaKind(rawValue: 1 + Int(bytes.first ?? 0) % 3) else { return }
        let page = try ResourcePage(kind: kind, body: Array(bytes.dropFirst()))
        for resource in page.resources { check(resource.kind == kind, "a resource is of another kind") }
    },
    FuzzTarget(name: "listed-resource") { bytes in
        guard let kind = MediaKind(rawValue: 1 + Int(bytes.first ?? 0) % 3) else { return }
        let json = Array(bytes.dropFirst())
        let listed = try ListedResource(kind: kind, json: json)
        check(Array(listed.json) == json, "the resource isn't kept as it came")
        // The two readers mean the same.
        guard let full = try? MediaResource(kind: kind, json: json) else { return }
        check(full.sid == listed.sid, "SID")
        check(full.status == listed.status, "status")
        check(full.dateCreated == listed.dateCreated, "date of creation")
        check(full.containerFormat == listed.containerFormat, "container format")
        check(full.groupSID == listed.groupSID, "call or room")
        check((full.encryptionDetails != nil) == listed.isAuthenticated, "details of encryption")
    },
    FuzzTarget(name: "media-resource") { bytes in
        guard let kind = MediaKind(rawValue: 1 + Int(bytes.first ?? 0) % 3) else { return }
        let resource = try MediaResource(kind: kind, json: Array(bytes.dropFirst()))
        check(!resource.containerFormat.contains("/"), "a container format isn't an extension")
    },
    FuzzTarget(name: "encryption-details") { bytes in
        _ = try JSONDecoder().decode(EncryptionDetails.self, from: Data(bytes))
    },
    FuzzTarget(name: "page-links") { bytes in
        var scanner = JSONScanner(bytes, subject: "the links")
        scanner.skipSpace()
        let links = try PageLinks(meta: &scanner)
        check(links.key != "", "the name of an array is empty")
    },
    FuzzTarget(name: "account-description") { bytes in
        var scanner = JSONScanner(bytes, subject: "the account")
        scanner.skipSpace()
        _ = try AccountDescription(from: &scanner)
    },
    FuzzTarget(name: "error-document") { bytes in
        _ = ErrorDocument(bytes)
    },
]
