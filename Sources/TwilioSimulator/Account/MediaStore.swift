import FoundationEssentials
import Glibc
import NIOCore
import Support

/// Seals media into a folder of its own, and opens what is there.
///
/// Files are sealed when they are first asked for, each into a temporary name and then renamed: two threads that seal
/// the same file at once write the same bytes, so there is nothing to lock.
final class MediaStore: Sendable {
    private static let pieceSize = 1 << 20

    /// The folder in which the store's own is made.
    private let base: String

    /// The store's own folder; nil until something is kept in it.
    private let made = Locked<String?>(nil)

    /// Makes an empty store.
    ///
    /// - Parameter base: the folder to make its own in; nil for the system's temporary one.
    init(in base: String?) {
        self.base = base ?? FileManager.default.temporaryDirectory.path
    }

    /// The store's own folder, which only this user can enter; made when it is first asked for.
    func folder() throws(SimulatorError) -> String {
        try made.withLock { (made) throws(SimulatorError) in
            if let made { return made }
            var template = Array("\(base)/twilio-simulator.XXXXXX".utf8CString)
            guard mkdtemp(&template) != nil else { throw .system(.file, "A folder in \(base) can't be made") }
            let folder = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
            made = folder
            return folder
        }
    }

    /// Removes the folder with all that is in it.
    func remove() {
        // What can't be removed is left to the system's cleaning of its temporary folder.
        if let folder = made.withLock({ $0 }) { try? FileManager.default.removeItem(atPath: folder) }
    }

    /// Gives the bytes as they are stored: sealed with `cipher`, or as they are when the media isn't sealed.
    func object(of resource: StoredResource, media: OriginalMedia, cipher: ContentCipherKind)
        throws(SimulatorError) -> StoredObject
    {
        guard let seal = media.seal else { return try original(resource, media) }
        switch media.content {
        case .deleted: throw .unknownResource(resource.sid)
        case .generated(let number):
            return .bytes(
                ByteBuffer(
                    bytes: try ContentCipher.seal(
                        GeneratedContent.bytes(number), cipher, key: seal.contentKey, iv: seal.iv(cipher))))
        case .file(let path):
            let sealedPath = "\(try folder())/\(resource.sid)-\(hexadecimal(seal.iv(cipher).prefix(8)))"
            if access(sealedPath, R_OK) != 0 {
                try Self.seal(
                    path, to: sealedPath, with: ContentCipher(cipher, key: seal.contentKey, iv: seal.iv(cipher)))
            }
            return .file(try OpenFile(path: sealedPath))
        }
    }

    /// Writes the bytes to a file of somebody else's, which is replaced, and keeps none of them.
    func export(
        _ resource: StoredResource, media: OriginalMedia, cipher: ContentCipherKind, to path: String
    ) throws(SimulatorError) {
        if let seal = media.seal, case .file(let original) = media.content {
            let cipher = try ContentCipher(cipher, key: seal.contentKey, iv: seal.iv(cipher))
            return try Self.seal(original, to: path, with: cipher)
        }
        let object = try object(of: resource, media: media, cipher: cipher)
        try Self.create(path) { output throws(SimulatorError) in
            for offset in stride(from: 0, to: object.size, by: Self.pieceSize) {
                let piece = try object.read(at: offset, count: min(Self.pieceSize, object.size - offset))
                try Self.append(Array(piece.readableBytesView), to: output)
            }
        }
    }

    private func original(_ resource: StoredResource, _ media: OriginalMedia) throws(SimulatorError) -> StoredObject {
        switch media.content {
        case .deleted: throw .unknownResource(resource.sid)
        case .generated(let number): return .bytes(ByteBuffer(bytes: GeneratedContent.bytes(number)))
        case .file(let path): return .file(try OpenFile(path: path))
        }
    }

    private static func seal(_ path: String, to target: String, with cipher: ContentCipher) throws(SimulatorError) {
        try create(target) { output throws(SimulatorError) in
            try forEachPiece(of: OpenFile(path: path)) { piece throws(SimulatorError) in
                try append(cipher.update(piece), to: output)
            }
            try append(cipher.finish(), to: output)
        }
    }

    /// Makes a file that is there with all that `write` gives its descriptor, or not at all.
    private static func create(
        _ target: String, _ write: (Int32) throws(SimulatorError) -> Void
    ) throws(SimulatorError) {
        let temporary = "\(target).\(hexadecimal(try randomBytes(6)))"
        let output = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard output >= 0 else { throw .system(.file, "The file \(temporary) can't be made") }
        defer { close(output) }
        try write(output)
        guard rename(temporary, target) == 0 else { throw .system(.file, "The file \(temporary) can't be renamed") }
    }

    private static func append(_ bytes: [UInt8], to descriptor: Int32) throws(SimulatorError) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let step = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
            if step < 0, errno == EINTR { continue }
            guard step > 0 else { throw .system(.file, "A sealed file can't be written") }
            rest = rest.dropFirst(step)
        }
    }

    private static func forEachPiece(
        of file: OpenFile, _ body: (UnsafeRawBufferPointer) throws(SimulatorError) -> Void
    ) throws(SimulatorError) {
        var offset = 0
        while offset < file.size {
            let piece = try file.read(at: offset, count: min(pieceSize, file.size - offset))
            if piece.isEmpty { return }
            // The closure form can't throw a typed error through; the result is handed out instead.
            let outcome: Result<Void, SimulatorError> = piece.withUnsafeBytes { pointer in
                do throws(SimulatorError) { return .success(try body(pointer)) } catch { return .failure(error) }
            }
            try outcome.get()
            offset += piece.count
        }
    }

    /// Computes the digests of a file.
    static func digests(ofFile path: String) throws(SimulatorError) -> OriginalMedia.Digests {
        let sha256 = try Digest(.sha256)
        let md5 = try Digest(.md5)
        try forEachPiece(of: OpenFile(path: path)) { piece throws(SimulatorError) in
            try sha256.update(piece)
            try md5.update(piece)
        }
        return OriginalMedia.Digests(sha256: try sha256.finish(), md5: try md5.finish())
    }
}

/// Is what a body is read from.
enum StoredObject: Sendable {
    /// Bytes in memory.
    case bytes(ByteBuffer)
    /// A file.
    case file(OpenFile)

    /// The size in bytes.
    var size: Int {
        switch self {
        case .bytes(let bytes): bytes.readableBytes
        case .file(let file): file.size
        }
    }

    /// Gives `count` bytes from `offset` on, fewer only at a file's end.
    func read(at offset: Int, count: Int) throws(SimulatorError) -> ByteBuffer {
        switch self {
        case .bytes(let bytes): bytes.getSlice(at: bytes.readerIndex + offset, length: count) ?? ByteBuffer()
        case .file(let file): ByteBuffer(bytes: try file.read(at: offset, count: count))
        }
    }
}
