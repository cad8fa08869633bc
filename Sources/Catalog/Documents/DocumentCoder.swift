import CZstd
import Foundation
import Support

/// Compresses the catalog's documents (resources and media facts) without loss.
///
/// A resource is 1.9 KB of JSON, most of it the same in all resources. Zstandard (RFC 8878) with a dictionary packs it
/// to 0.8 KB in 2 µs. Most of the packed bytes are the wrapped content key: random bytes in base64. Thread-safe.
final class DocumentCoder: Sendable {
    /// The form of a stored document, in its first byte.
    private enum Form: UInt8 {
        /// Uncompressed.
        case plain = 0
        /// A Zstandard frame with ``DocumentDictionary``.
        case dictionary = 1
    }

    /// zstd's digested dictionaries, which are immutable.
    private struct Dictionaries: @unchecked Sendable {
        // Safe although unchecked: zstd.h allows threads to share both; they live as long as the coder.
        let compression: OpaquePointer
        let decompression: OpaquePointer
    }

    /// zstd's idle contexts; each is used by one thread at a time.
    private struct Contexts: @unchecked Sendable {
        // Safe although unchecked: the arrays are accessed only under the lock, a context by the thread that took it.
        var compressing: [OpaquePointer] = []
        var decompressing: [OpaquePointer] = []
    }

    /// The compression level, one of zstd's fast levels.
    ///
    /// The dictionary has the common part, and the rest is nearly random, so slower levels hardly save more.
    private static let level: Int32 = -5
    /// The most bytes of a document; a larger claimed size is damage.
    private static let largestDocument = 64 << 20

    private let dictionaries: Dictionaries
    private let contexts = Locked(Contexts())

    init() throws(CatalogError) {
        guard let dictionary = Data(base64Encoded: DocumentDictionary.base64) else {
            throw CatalogError(.unusable, "the dictionary of the catalog's documents is damaged")
        }
        let made = dictionary.withUnsafeBytes { bytes in
            (
                ZSTD_createCDict(bytes.baseAddress, bytes.count, Self.level),
                ZSTD_createDDict(bytes.baseAddress, bytes.count)
            )
        }
        guard let compression = made.0, let decompression = made.1 else {
            ZSTD_freeCDict(made.0)
            ZSTD_freeDDict(made.1)
            throw CatalogError(.unusable, "there is not enough memory for the dictionary of the catalog's documents")
        }
        dictionaries = Dictionaries(compression: compression, decompression: decompression)
    }

    deinit {
        contexts.withLock { contexts in
            for context in contexts.compressing { ZSTD_freeCCtx(context) }
            for context in contexts.decompressing { ZSTD_freeDCtx(context) }
        }
        ZSTD_freeCDict(dictionaries.compression)
        ZSTD_freeDDict(dictionaries.decompression)
    }

    /// Packs documents, appends them to a buffer, and returns their ranges in it.
    func encode(_ documents: some Sequence<ArraySlice<UInt8>>, to buffer: inout [UInt8]) -> [Range<Int>] {
        let context = contexts.withLock { $0.compressing.popLast() } ?? makeCompressionContext()
        var ranges: [Range<Int>] = []
        for document in documents { ranges.append(encode(document, to: &buffer, context)) }
        if let context { contexts.withLock { $0.compressing.append(context) } }
        return ranges
    }

    func encode(_ document: [UInt8]) -> [UInt8] {
        var buffer: [UInt8] = []
        _ = encode(CollectionOfOne(document[...]), to: &buffer)
        return buffer
    }

    private func encode(
        _ document: ArraySlice<UInt8>, to buffer: inout [UInt8], _ context: OpaquePointer?
    ) -> Range<Int> {
        let start = buffer.count
        let bound = ZSTD_compressBound(document.count)
        let packed = [UInt8](unsafeUninitializedCapacity: bound) { target, count in
            let result = context.map { context in
                document.withUnsafeBytes { source in
                    ZSTD_compress2(context, target.baseAddress, target.count, source.baseAddress, source.count)
                }
            }
            let size = result.flatMap(Self.size)
            count = size.map { $0 < document.count ? $0 : 0 } ?? 0
        }
        if packed.isEmpty {
            buffer.append(Form.plain.rawValue)
            buffer.append(contentsOf: document)
        } else {
            buffer.append(Form.dictionary.rawValue)
            buffer.append(contentsOf: packed)
        }
        return start..<buffer.count
    }

    private func makeCompressionContext() -> OpaquePointer? {
        guard let context = ZSTD_createCCtx() else { return nil }
        // The checksum detects damage by the disk. The form implies the dictionary, so the frame needs no number of it.
        ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
        ZSTD_CCtx_setParameter(context, ZSTD_c_dictIDFlag, 0)
        // The fast levels omit literal compression, which saves a quarter of base64.
        ZSTD_CCtx_setParameter(context, twiliofs_zstd_literal_compression, 1)
        // Without its dictionary, what it packs couldn't be unpacked with it.
        guard Self.size(ZSTD_CCtx_refCDict(context, dictionaries.compression)) != nil else {
            ZSTD_freeCCtx(context)
            return nil
        }
        return context
    }

    /// The size that a function of zstd has returned; nil for an error code.
    ///
    /// Error codes are the largest values of C's `size_t`, which are negative numbers in Swift.
    static func size(_ result: Int) -> Int? { ZSTD_isError(result) == 0 ? result : nil }

    /// Unpacks a document; returns nil when it is damaged or has an unknown form.
    func decode(_ stored: UnsafeRawBufferPointer) -> [UInt8]? {
        guard let form = stored.first.flatMap(Form.init) else { return nil }
        let content = UnsafeRawBufferPointer(rebasing: stored.dropFirst())
        switch form {
        case .plain:
            return Array(content)
        case .dictionary:
            // Here its type is wider, and the error codes exceed the largest document.
            let size = ZSTD_getFrameContentSize(content.baseAddress, content.count)
            guard size <= UInt64(Self.largestDocument),
                let context = contexts.withLock({ $0.decompressing.popLast() }) ?? ZSTD_createDCtx()
            else { return nil }
            defer { contexts.withLock { $0.decompressing.append(context) } }
            var isWhole = false
            let document = [UInt8](unsafeUninitializedCapacity: Int(size)) { target, count in
                let result = ZSTD_decompress_usingDDict(
                    context, target.baseAddress, target.count, content.baseAddress, content.count,
                    dictionaries.decompression)
                isWhole = Self.size(result) == Int(size)
                count = isWhole ? Int(size) : 0
            }
            return isWhole ? document : nil
        }
    }
}
