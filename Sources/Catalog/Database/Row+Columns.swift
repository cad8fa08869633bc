import Foundation
import GRDB
import Support

/// Columns of rarely read rows; ``RawStatement`` reads the others.
///
/// A damaged file may have any value in any column, and GRDB's own subscripts trap on an unexpected type. These
/// functions return nil instead, as for null.
extension Row {
    func integer(_ column: Int) -> Int64? {
        // GRDB would take 1.5 for 1.
        guard case .int64(let value) = (self[column] as DatabaseValue).storage else { return nil }
        return value
    }

    /// A time in seconds since 1970; nil also when it is out of bounds.
    func time(_ column: Int) -> Int64? { integer(column).flatMap { Bounds.times.accepting($0) } }

    func text(_ column: Int) -> String? { String.fromDatabaseValue(self[column]) }

    func bytes(_ column: Int) -> [UInt8]? { Data.fromDatabaseValue(self[column]).map { Array($0) } }

    func digits(_ column: Int) -> SIDDigits? {
        guard let data = Data.fromDatabaseValue(self[column]), data.count == 16 else { return nil }
        return data.withUnsafeBytes { SIDDigits(bigEndian: $0.loadUnaligned(as: (UInt64, UInt64).self)) }
    }
}

extension Int64 {
    /// Goes on to the next row of a table that is read in the order of its IDs.
    ///
    /// A damaged file may have a page twice, or out of order. Who reads step by step would never come to the end.
    ///
    /// - Throws: that the database is damaged, if the row isn't after this one.
    mutating func advance(to id: Int64, in table: String) throws {
        guard id > self else { throw DatabaseError.damage(table) }
        self = id
    }
}
