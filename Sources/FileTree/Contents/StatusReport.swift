import Catalog
import Foundation
import TwilioAPI

/// `.twiliofs/status.json`: how far the lists are, and what the catalog holds.
///
/// Only what changes when the account does is in it, so that a backup that includes it isn't given something new each time.
struct StatusReport: Encodable {
    struct List: Encodable {
        let state: String
        let error: String?
        let recordings: Int64
    }

    let version: String
    let account: String
    let lists: [String: List]

    init(version: String, account: SID, catalog: Catalog, synchronizer: Synchronizer) throws(CatalogError) {
        self.version = version
        self.account = account.description
        var lists: [String: List] = [:]
        for kind in MediaKind.allCases {
            let totals = try catalog.totals(of: kind)
            let (state, error): (String, String?) =
                switch synchronizer.status(of: kind) {
                case .waiting: ("waiting", nil)
                case .syncing: ("syncing", nil)
                case .complete: ("complete", nil)
                case .failed(let message): ("failed", message)
                }
            lists[kind.directoryName] = List(state: state, error: error, recordings: totals.count)
        }
        self.lists = lists
    }

    /// The report as a JSON text for people and programs.
    var json: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        guard let data = try? encoder.encode(self) else { return [] }
        return Array(data) + [UInt8(ascii: "\n")]
    }
}
