import Foundation
import TestSupport
import TwilioAPI
import TwilioSimulator

@testable import Catalog

/// Compares a catalog with the account that it is of, which Python asks for itself.
struct AccountOracle {
    let simulator: TwilioSimulator
    let catalog: Catalog

    /// Prints a line for each resource that one has and the other hasn't, or has otherwise.
    private static let script = """
        import base64, json, sys, urllib.parse, urllib.request
        base, user, password, first, key, path = sys.argv[1:]
        authorization = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        account, address = {}, first
        while address:
            request = urllib.request.Request(base + address, headers={"Authorization": authorization})
            page = json.load(urllib.request.urlopen(request))
            for resource in page[key]:
                assert resource["sid"] not in account, "twice: " + resource["sid"]
                account[resource["sid"]] = resource
            address = page["next_page_uri"] if "next_page_uri" in page else page["meta"]["next_page_url"]
            if address and address.startswith("http"):
                parts = urllib.parse.urlsplit(address)
                address = parts.path + "?" + parts.query
        catalog = {}
        with open(path) as file:
            for line in file:
                resource = json.loads(line)
                assert resource["sid"] not in catalog, "twice: " + resource["sid"]
                catalog[resource["sid"]] = resource
        # Voice lists leave out what was deleted, and the catalog never shows it.
        for resources in (account, catalog):
            for sid in [sid for sid in resources if resources[sid]["status"] == "deleted"]: del resources[sid]
        for sid in sorted(account.keys() | catalog.keys()):
            if account.get(sid) != catalog.get(sid):
                print(sid, "account:", account.get(sid, {}).get("status"), "catalog:", catalog.get(sid, {}).get("status"))
        """

    /// The differences between a list of the account and what the catalog has of that kind, completed or not, but for
    /// those that were deleted.
    func differences(_ kind: TwilioAPI.MediaKind) throws -> [String] {
        let file = URL(filePath: NSTemporaryDirectory()).appending(path: "catalog-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: file) }
        var lines: [String] = []
        for sid in try catalog.stored(kind) {
            let json = try catalog.resource(of: sid)?.json ?? []
            // The line has to be one, however the resource is laid out.
            lines.append(String(decoding: json, as: UTF8.self).replacing("\n", with: " "))
        }
        try Data(lines.map { $0 + "\n" }.joined().utf8).write(to: file)
        let (path, key) =
            switch kind {
            case .voiceRecording:
                ("/2010-04-01/Accounts/\(simulator.credentials.accountSID)/Recordings.json", "recordings")
            case .videoRecording: ("/v1/Recordings", "recordings")
            case .composition: ("/v1/Compositions", "compositions")
            }
        return try Command.require([
            "/usr/bin/python3", "-ISc", Self.script, simulator.apiURL, simulator.credentials.accountSID,
            simulator.credentials.authToken, path, key, file.path,
        ]).lines
    }
}

extension Catalog {
    /// The SIDs of all resources of a kind, in whatever state.
    func stored(_ kind: TwilioAPI.MediaKind) throws -> [SID] {
        try storage.read { database in
            let select = try RawStatement(database, "SELECT sid FROM entry WHERE kind = ?1 ORDER BY id")
            select.bind(1, Int64(kind.rawValue))
            var found: [SID] = []
            while try select.step() {
                if let digits = select.digits(0) { found.append(SID(digits, of: kind)) }
            }
            return found
        }
    }
}
