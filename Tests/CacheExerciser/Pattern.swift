public import DiskCache

/// Blocks whose bytes follow from where they belong, so that any process can tell whether they are right.
public enum Pattern {
    /// A content by its number.
    public static func content(_ number: Int, entityTag: String = "\"one\"") -> CacheContent {
        CacheContent(sid: "RE\(number)", entityTag: entityTag, size: 1 << 30)
    }

    /// How long a block is: many are short, some are as long as blocks can be.
    public static func length(_ block: Int, of content: CacheContent) -> Int {
        let seed = seed(block, content)
        return seed.isMultiple(of: 16) ? DiskCache.blockSize + 16 : Int(seed % 50_000) + 1
    }

    /// The bytes of a block.
    public static func bytes(_ block: Int, of content: CacheContent, length: Int? = nil) -> [UInt8] {
        let length = length ?? Self.length(block, of: content)
        var state = seed(block, content)
        return [UInt8](unsafeUninitializedCapacity: length) { buffer, count in
            let bytes = UnsafeMutableRawBufferPointer(buffer)
            var offset = 0
            while offset < length {
                state = mixed(state)
                withUnsafeBytes(of: state) {
                    bytes[offset..<min(offset + 8, length)].copyBytes(from: $0.prefix(length - offset))
                }
                offset += 8
            }
            count = length
        }
    }

    private static func seed(_ block: Int, _ content: CacheContent) -> UInt64 {
        // Not Hasher, which is another in each process.
        "\(content.sid) \(content.entityTag) \(block)".utf8.reduce(14_695_981_039_346_656_037) {
            mixed($0 ^ UInt64($1))
        }
    }

    private static func mixed(_ value: UInt64) -> UInt64 {
        var value = value &+ 0x9E37_79B9_7F4A_7C15
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}

extension DiskCache {
    /// Stores a block from several buffers.
    public func store(_ bytes: [UInt8], _ block: Int, of content: CacheContent) {
        bytes.withUnsafeBytes { bytes in
            let middle = bytes.count / 3
            store(
                block, of: content,
                from: [
                    UnsafeRawBufferPointer(rebasing: bytes[..<middle]),
                    UnsafeRawBufferPointer(rebasing: bytes[middle...]),
                ])
        }
    }

    /// Reads a block into several buffers; nil when it is missed.
    public func read(_ block: Int, of content: CacheContent, length: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: length)
        let isHit = bytes.withUnsafeMutableBytes { bytes in
            let middle = bytes.count / 2
            return read(
                block, of: content,
                into: [
                    UnsafeMutableRawBufferPointer(rebasing: bytes[..<middle]),
                    UnsafeMutableRawBufferPointer(rebasing: bytes[middle...]),
                ])
        }
        return isHit ? bytes : nil
    }
}
