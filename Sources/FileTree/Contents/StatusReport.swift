import Catalog
import Foundation
import TwilioAPI

/// `.twiliofs/status.json`: how far the lists are, and what the catalog holds.
///
/// Only what changes when the account does is in it, so that a backup that includes it isn't given something new each time.
/// The numbers of `integrity` are the exception: they change while the backup reads. So that it never finds a file that has
/// grown or shrunk since its `stat`, the report has the same size whatever they are.
struct StatusReport: Encodable {
    struct List: Encodable {
        let state: String
        let error: String?
        let recordings: Int64
    }

    let version: String
    let account: String
    let lists: [String: List]
    let integrity: [String: Int64]

    init(version: String, account: SID, catalog: Catalog, synchronizer: Synchronizer) throws(CatalogError) {
        self.version = version
        self.account = account.description
        var lists: [String: List] = [:]
        for kind in MediaKind.allCases {
            let totals = try catalog.totals(of: kind)
            let (state, error): (String, String?) =
                switch synchronizer.status(of: kind).state {
                case .waiting: ("waiting", nil)
                case .syncing: ("syncing", nil)
                case .complete: ("complete", nil)
                case .stale(let message): ("stale", message)
                case .failed(let message): ("failed", message)
                }
            lists[kind.directoryName] = List(state: state, error: error, recordings: totals.count)
        }
        self.lists = lists
        let counts = try catalog.integrityCounts()
        integrity = Dictionary(
            uniqueKeysWithValues: StoredIntegrity.allCases.map { ($0.rawValue, counts[$0] ?? 0) })
    }

    /// The digits of the largest number that there can be.
    private static let mostDigits = 19

    /// The report as a JSON text for people and programs, with spaces at its end.
    var json: [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        encoder.keyEncodingStrategy = .convertToSnakeCase
        guard let data = try? encoder.encode(self) else { return [] }
        let digits = integrity.values.reduce(0) { $0 + String($1).count }
        let padding = max(0, integrity.count * Self.mostDigits - digits)
        return Array(data) + Array(repeating: UInt8(ascii: " "), count: padding) + [UInt8(ascii: "\n")]
    }
}
