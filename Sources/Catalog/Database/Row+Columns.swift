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

    func digits(_ column: Int) -> SIDDigits? {
        guard let data = Data.fromDatabaseValue(self[column]), data.count == 16 else { return nil }
        return data.withUnsafeBytes { SIDDigits(bigEndian: $0.loadUnaligned(as: (UInt64, UInt64).self)) }
    }
}
