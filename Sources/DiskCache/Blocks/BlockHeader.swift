/// The header of a block's file, in front of the data.
///
/// | bytes | field |
/// |---|---|
/// | 8 | `twfsblk` and the format version |
/// | 8 | index of the block |
/// | 8 | size of the content |
/// | 4 | length of the data |
/// | 2 | length of the SID, s |
/// | 2 | length of the entity tag, t |
/// | s + t | SID and entity tag, UTF-8 |
/// | 8 | XXH3 of all of the above and the data |
///
/// Numbers are little-endian. The header is never parsed: a reader builds the expected header and compares the bytes,
/// so a different version or identity is handled as damage.
struct BlockHeader {
    static let version: UInt8 = 1

    static let checksumLength = 8

    let bytes: [UInt8]

    /// The length in bytes, with the checksum.
    var length: Int { bytes.count + Self.checksumLength }

    /// Returns nil when the SID or the entity tag exceeds 1,024 bytes.
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
    mutating func append(littleEndian value: some FixedWidthInteger) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }
}
