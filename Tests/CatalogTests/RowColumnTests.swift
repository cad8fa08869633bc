import GRDB
import Testing
import TestSupport

@testable import Catalog

@Suite("Columns of rows that are read rarely", .orderly)
struct RowColumnTests {
    private static func row(_ values: String) throws -> Row {
        try #require(try DatabaseQueue().read { try Row.fetchOne($0, sql: "SELECT \(values)") })
    }

    @Test("Values of the right type are read")
    func values() throws {
        let row = try Self.row("9223372036854775807, 1700000000, 'wav', x'000102030405060708090a0b0c0d0e0f'")
        #expect(row.integer(0) == .max)
        #expect(row.time(1) == 1_700_000_000)
        #expect(row.text(2) == "wav")
        #expect(row.digits(3) == SIDDigits(high: 0x0001_0203_0405_0607, low: 0x0809_0a0b_0c0d_0e0f))
    }

    @Test("A value of another type, none, or one out of bounds is nil")
    func damage() throws {
        let row = try Self.row("NULL, 'text', x'ff00', 1.5, 9223372036854775807, x'00'")
        for column in 0..<4 { #expect(row.integer(column) == nil) }
        for column in 0..<5 { #expect(row.time(column) == nil) }
        #expect(row.text(0) == nil)
        for column in 0..<6 { #expect(row.digits(column) == nil) }
    }
}
