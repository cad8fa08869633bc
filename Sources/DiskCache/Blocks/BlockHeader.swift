/// What stands in a block's file before its data.
///
/// | bytes | what |
/// |---|---|
/// | 8 | `twfsblk`, and the version of the format |
/// | 8 | index of the block |
/// | 8 | size of the content |
/// | 4 | length of the data |
/// | 2 | length of the SID, s |
/// | 2 | length of the entity tag, t |
/// | s + t | SID and entity tag, UTF-8 |
/// | 8 | XXH3 of all of the above and the data |
///
/// Numbers are little-endian. Whoever reads a block knows what it should be, so the header is not parsed: it is made
/// once more and compared, and whatever differs, version and identity included, is one and the same case.
struct BlockHeader {
    static let version: UInt8 = 1

    /// The bytes of the checksum, which is the header's end.
    static let checksumLength = 8

    /// The header up to the checksum.
    let bytes: [UInt8]

    /// How many bytes the header has, the checksum included.
    var length: Int { bytes.count + Self.checksumLength }

    /// Makes the header of a block.
    ///
    /// - Returns: nil when SID or entity tag are longer than any real ones.
    init?(_ place: BlockPlace, dataLength: Int) {
        let sid = place.content.sid.utf8
        let tag = place.content.entityTag.utf8
        guard sid.count <= 1024, tag.count <= 1024, let dataLength = UInt32(exactly: dataLength) else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(32 + sid.count + tag.count)
        bytes += "twfsblk".utf8
        bytes.append(Self.version)
        bytes.append(littleEndian: Int64(place.number))
        bytes.append(littleEndian: place.content.size)
        bytes.append(littleEndian: dataLength)
        bytes.append(littleEndian: UInt16(sid.count))
        bytes.append(littleEndian: UInt16(tag.count))
        bytes += sid
        bytes += tag
        self.bytes = bytes
    }
}

extension [UInt8] {
    fileprivate mutating func append(littleEndian value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }
}
