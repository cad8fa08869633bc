import Support
import TestSupport
import Testing

@testable import Catalog

@Suite("Errors of the catalog", .orderly)
struct CatalogErrorTests {
    @Test("Those of lists that the credentials may not read are refusals, and no others")
    func refusals() {
        let codes: [CatalogErrorCode] = [
            .unusable, .database, .inUse, .incompleteList, .refusedList, .refusedCalls,
        ]
        let refused = codes.filter { CatalogError($0, "Simulated").isRefusal }
        #expect(refused == [.refusedList, .refusedCalls])
    }
}
