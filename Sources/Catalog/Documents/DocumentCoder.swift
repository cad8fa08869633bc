import CZstd
import Foundation
import Support

/// Packs the documents of the catalog, resources and media facts, and unpacks them byte for byte.
///
/// A resource is 1.9 KB of JSON, of which most is the same in all of them. Zstandard (RFC 8878) with a dictionary takes
/// 2 µs to make 0.8 KB of it, nearly all of which is the wrapped content key: random bytes in base64. Safe to use from
/// any thread.
final class DocumentCoder: Sendable {
    /// How a stored document is to be read: its first byte.
    private enum Form: UInt8 {
        /// As it is.
        case plain = 0

        /// A frame of Zstandard with ``DocumentDictionary``.
        case dictionary = 1
    }

    /// zstd's digested dictionaries, which don't change.
    private struct Dictionaries: @unchecked Sendable {
        // Safe although unchecked: zstd.h says that both may be shared by threads; they live as long as the coder.
        let compression: OpaquePointer
        let decompression: OpaquePointer
    }

    /// zstd's contexts that nobody is using; each is used by one thread at a time.
    private struct Contexts: @unchecked Sendable {
        // Safe although unchecked: only reached under the lock around it, or by the one thread that took it out.
        var compressing: [OpaquePointer] = []
        var decompressing: [OpaquePointer] = []
    }

    /// One of zstd's fast levels: what documents have in common is in the dictionary, and the rest is nearly random, so
    /// the slower ones make them hardly shorter.
    private static let level: Int32 = -5

    /// No document is longer; what claims to be is damaged.
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

    /// Packs documents, one after the other, to the end of a buffer.
    ///
    /// - Parameters:
    ///   - documents: what is packed.
    ///   - buffer: grows by the packed forms.
    /// - Returns: where in the buffer each of them is.
    func encode(_ documents: some Sequence<ArraySlice<UInt8>>, to buffer: inout [UInt8]) -> [Range<Int>] {
        let context = contexts.withLock { $0.compressing.popLast() } ?? makeCompressionContext()
        var ranges: [Range<Int>] = []
        for document in documents { ranges.append(encode(document, to: &buffer, context)) }
        if let context { contexts.withLock { $0.compressing.append(context) } }
        return ranges
    }

    /// Packs one document.
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
            // A result that is an error is larger than any buffer.
            let size =
                context.map { context in
                    document.withUnsafeBytes { source in
                        ZSTD_compress2(context, target.baseAddress, target.count, source.baseAddress, source.count)
                    }
                } ?? Int.max
            count = size < document.count ? size : 0
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
        // The checksum finds what a damaged disk has changed; the dictionary's number is in the form.
        ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)
        ZSTD_CCtx_setParameter(context, ZSTD_c_dictIDFlag, 0)
        // The fast levels leave it out; with it base64 takes a quarter less.
        ZSTD_CCtx_setParameter(context, twiliofs_zstd_literal_compression, 1)
        ZSTD_CCtx_refCDict(context, dictionaries.compression)
        return context
    }

    /// Unpacks a document; nil when it is damaged, or of a form that this version doesn't know.
    func decode(_ stored: UnsafeRawBufferPointer) -> [UInt8]? {
        guard let form = stored.first.flatMap(Form.init) else { return nil }
        let content = UnsafeRawBufferPointer(rebasing: stored.dropFirst())
        switch form {
        case .plain:
            return Array(content)
        case .dictionary:
            // Values beyond the largest document are zstd's errors.
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
                isWhole = result == Int(size)
                count = isWhole ? result : 0
            }
            return isWhole ? document : nil
        }
    }
}
