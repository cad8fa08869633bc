/// The checksum of a row's values, which is stored with them.
///
/// SQLite has no checksums: a byte that a disk changed, or that another program wrote, is a size or a name like any
/// other. It is no protection against somebody who computes it, but who can write to the catalog is the user himself.
/// Words of 64 bits are mixed by multiplication (that of Fibonacci hashing), some nanoseconds a row.
struct RowChecksum {
    private var state: UInt64 = 0x243F_6A88_85A3_08D3

    /// The checksum as SQLite keeps it.
    var value: Int64 { Int64(bitPattern: state) }

    mutating func add(_ word: UInt64) {
        state = (state ^ word) &* 0x9E37_79B9_7F4A_7C15
        state ^= state >> 29
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
        var offset = 0
        while bytes.count - offset >= 8 {
            add(UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)))
            offset += 8
        }
        var last: UInt64 = 0
        while offset < bytes.count {
            last = last << 8 | UInt64(bytes[offset])
            offset += 1
        }
        add(last)
    }

    /// The checksum of a packed document.
    static func document(_ packed: UnsafeRawBufferPointer) -> Int64 {
        var checksum = RowChecksum()
        checksum.add(packed)
        return checksum.value
    }

    /// The checksum of stored facts.
    static func media(size: Int64, entityTag: String?, packed: UnsafeRawBufferPointer) -> Int64 {
        var checksum = RowChecksum()
        checksum.add(size as Int64?)
        checksum.add(entityTag)
        checksum.add(packed)
        return checksum.value
    }
}
