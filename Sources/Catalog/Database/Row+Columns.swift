import Foundation
import GRDB
import Support

/// Columns of rows that are read rarely; ``RawStatement`` reads the others.
///
/// A damaged file may have any value in any column, and GRDB's own subscripts end the process at one of another type.
/// So these return nil, as for no value.
extension Row {
    /// An integer, counted from 0 as the others are.
    func integer(_ column: Int) -> Int64? {
        // GRDB would take 1.5 for 1.
        guard case .int64(let value) = (self[column] as DatabaseValue).storage else { return nil }
        return value
    }

    /// A point in time in seconds since 1970; nil also when it can't be.
    func time(_ column: Int) -> Int64? { integer(column).flatMap { Bounds.times.accepting($0) } }

    /// A text.
    func text(_ column: Int) -> String? { String.fromDatabaseValue(self[column]) }

    /// The digits of a SID.
    func digits(_ column: Int) -> SIDDigits? {
        guard let data = Data.fromDatabaseValue(self[column]), data.count == 16 else { return nil }
        return data.withUnsafeBytes { SIDDigits(bigEndian: $0.loadUnaligned(as: (UInt64, UInt64).self)) }
    }
}
