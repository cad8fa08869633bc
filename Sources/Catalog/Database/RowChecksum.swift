import CXXHash

/// The checksum of a row, stored with it: XXH3 over each value, seeded with the previous sum.
///
/// SQLite has no checksums: a byte changed by the disk or another program would be a valid size or name. The checksum
/// doesn't protect against forgery, but only the user himself can write to the catalog.
struct RowChecksum {
    private var state: UInt64 = 0

    /// The checksum as a signed integer of SQLite.
    var value: Int64 { Int64(bitPattern: state) }

    mutating func add(_ word: UInt64) {
        withUnsafeBytes(of: word.littleEndian) { add(unframed: $0) }
    }

    mutating func add(_ number: Int64?) {
        add(number == nil ? 0 : 1)
        add(UInt64(bitPattern: number ?? 0))
    }

    mutating func add(_ digits: SIDDigits?) {
        add(digits == nil ? 0 : 1)
        add(digits?.high ?? 0)
        add(digits?.low ?? 0)
    }

    mutating func add(_ text: String?) {
        guard var text else {
            add(0)
            return
        }
        add(1)
        text.withUTF8 { add(UnsafeRawBufferPointer($0)) }
    }

    mutating func add(_ bytes: UnsafeRawBufferPointer) {
        add(UInt64(bytes.count))
        add(unframed: bytes)
    }

    private mutating func add(unframed bytes: UnsafeRawBufferPointer) {
        // Safe: it reads `count` bytes, and none at a null address.
        state = XXH3_64bits_withSeed(bytes.baseAddress, bytes.count, state)
    }

    static func document(_ packed: UnsafeRawBufferPointer) -> Int64 {
        var checksum = RowChecksum()
        checksum.add(packed)
        return checksum.value
    }

    static func media(size: Int64, entityTag: String?, packed: UnsafeRawBufferPointer) -> Int64 {
        var checksum = RowChecksum()
        checksum.add(size as Int64?)
        checksum.add(entityTag)
        checksum.add(packed)
        return checksum.value
    }
}
