import Foundation
import TestSupport
import TwilioAPI
import TwilioSimulator

@testable import Catalog

/// Compares a catalog with the account that it is of, which Python asks for itself.
struct AccountOracle {
    let simulator: TwilioSimulator
    let catalog: Catalog

    /// The differences between a list of the account and what the catalog has of that kind, completed or not, but for
    /// those that were deleted.
    func differences(_ kind: TwilioAPI.MediaKind) throws -> [String] {
        let folder = try TemporaryFolder()
        var lines: [String] = []
        for sid in try catalog.stored(kind) {
            let json = try catalog.resource(of: sid)?.json ?? []
            // The line has to be one, however the resource is laid out.
            lines.append(String(decoding: json, as: UTF8.self).replacing("\n", with: " "))
        }
        let file = try folder.file("resources", lines.map { $0 + "\n" }.joined())
        let (path, key) =
            switch kind {
            case .voiceRecording:
                ("/2010-04-01/Accounts/\(simulator.credentials.accountSID)/Recordings.json", "recordings")
            case .videoRecording: ("/v1/Recordings", "recordings")
            case .composition: ("/v1/Compositions", "compositions")
            }
        let credentials = simulator.credentials
        return try Python.run(
            "compare_list", simulator.apiURL, credentials.accountSID, credentials.authToken, path, key, file
        ).lines
    }
}

extension Catalog {
    /// The SIDs of all resources of a kind, in whatever state.
    func stored(_ kind: TwilioAPI.MediaKind) throws -> [SID] {
        try storage.read { database in
            var found: [SID] = []
            try database.forEachRow(of: "SELECT sid FROM entry WHERE kind = ?1 ORDER BY id", [kind.rawValue]) { row in
                if let digits = row.digits(0) { found.append(SID(digits, of: kind)) }
            }
            return found
        }
    }
}
