import CatalogTestSupport
import Foundation
import ModuleTestSupport
import TestSupport
import Testing
import TwilioAPI

@testable import Catalog

@Suite("The time at which a resource was changed", .orderly)
struct ChangedResourceTests {
    private static func resource(_ number: Int, updated: String) throws -> ListedResource {
        let json = """
            {"sid":"\(try Sample.sid(number))","status":"completed","date_created":"2026-01-01T00:00:00Z",\
            "date_updated":\(updated)}
            """
        return try ListedResource(kind: .voiceRecording, json: Array(json.utf8))
    }

    @Test("The time of the last change is kept with an entry, and follows the resource")
    func kept() throws {
        let catalog = try CatalogFolder().catalog()
        let sid = try Sample.sid(1)
        for (text, expected) in [
            (#""Thu, 01 Jan 2026 00:00:07 +0000""#, 1_767_225_607), ("null", nil),
            (#""2026-01-01T00:10:00+00:00""#, 1_767_226_200), (#""1969-12-31T23:59:59Z""#, nil),
            (#""2200-01-02T00:00:00Z""#, nil), (#""9999-12-31T23:59:59Z""#, nil), ("7", nil), (#""soon""#, nil),
        ] as [(String, Int64?)] {
            try catalog.store([try Self.resource(1, updated: text)])
            #expect(try catalog.entry(of: sid)?.dateUpdated?.seconds == expected, "\(text)")
            try catalog.store(try Self.resource(1, updated: text))
            #expect(try catalog.entry(of: sid)?.dateUpdated?.seconds == expected, "\(text)")
        }
        #expect(try catalog.entry(of: sid)?.dateCreated?.seconds == 1_767_225_600)
    }
}
