import Foundation
import Support
import TestSupport
import TwilioAPI

@testable import Media
@testable import Transfer

/// Downloads that go on when a test says so; it has one thread.
final class FakeNetwork: Downloader, @unchecked Sendable {
    // Safe although unchecked: all of it happens on one thread.

    /// A file as it is served.
    struct File {
        let media: CapturedMedia
        var tag = 1
        var ignoresRanges = false
        /// Whether a byte of what is sent is another one, now and then or always.
        var damagedPlace: Int?
        var entityTag: String { "\"\(tag)\"" }
    }

    /// One download.
    final class Download {
        let file: Int
        let request: DownloadRequest
        let receiver: any DownloadReceiver
        var isCancelled = false
        /// The offsets that are still to be sent; nil before the answer.
        var rest: Range<Int>?
        var sentEnd: Int?
        var end = 0
        /// The entity tag of its first answer.
        var tag: String?
        init(_ file: Int, _ request: DownloadRequest, _ receiver: any DownloadReceiver) {
            (self.file, self.request, self.receiver) = (file, request, receiver)
        }
    }

    var files: [File]
    private(set) var downloads: [Int: Download] = [:]
    private(set) var requests: [Int: @Sendable (Result<Response, TransferError>) -> Void] = [:]
    private var next = 0
    var problems: [String] = []

    init(_ media: [CapturedMedia]) { files = media.map { File(media: $0) } }

    func download(
        _ request: DownloadRequest, from source: any AddressSource, to receiver: any DownloadReceiver
    ) -> TransferTask {
        let number = next
        next += 1
        downloads[number] = Download(file(of: source), request, receiver)
        return TransferTask { [self] order in
            switch order {
            case .cancel: downloads[number]?.isCancelled = true
            case .raise: break
            }
        }
    }

    func send(
        _ request: Request, completion: @escaping @Sendable (Result<Response, TransferError>) -> Void
    ) -> TransferTask {
        requests[next] = completion
        next += 1
        return TransferTask { _ in }
    }

    /// The file of a source, which knows its recording.
    private func file(of source: any AddressSource) -> Int {
        let subject = Mirror(reflecting: source).children.first { $0.label == "subject" }?.value as? SID
        return files.firstIndex { $0.media.resource.sid == subject } ?? 0
    }

    // MARK: Events

    /// The answer's head; false if the receiver wants nothing of it.
    func begin(_ number: Int) {
        guard let download = downloads[number] else { return }
        let file = files[download.file]
        if let expected = download.request.expectedEntityTag, expected != file.entityTag {
            return end(number, .failure(TransferError(.changed, "Its entity tag differs.")))
        }
        if let tag = download.tag, tag != file.entityTag {
            return end(number, .failure(TransferError(.changed, "Its entity tag differs from what it was.")))
        }
        download.tag = file.entityTag
        let size = file.media.served.count
        var range = 0..<size
        let isPart = download.request.range != nil && !file.ignoresRanges
        if isPart {
            switch download.request.range {
            case .bytes(let asked): range = (Int(asked.lowerBound)..<Int(asked.upperBound)).clamped(to: range)
            case .from(let offset): range = min(size, Int(offset))..<size
            case .suffix(let count): range = max(0, size - Int(count))..<size
            case nil: break
            }
        }
        // What broke off goes on at the same byte, and ends where it was to end, whatever the server sends now.
        if let sent = download.sentEnd { range = sent..<download.end }
        download.end = range.upperBound
        let rest = range
        var fields = file.media.fields + [("ETag", file.entityTag)]
        if rest.isEmpty { return end(number, .success(())) }
        if isPart {
            fields += [
                ("Content-Range", "bytes \(rest.lowerBound)-\(rest.upperBound - 1)/\(size)"),
                ("Content-Length", "\(rest.count)"),
            ]
        } else {
            fields.append(("Content-Length", "\(size)"))
        }
        let head = ResponseHead(status: isPart ? 206 : 200, headers: HeaderFields(fields), address: Self.address)
        if download.request.refusal?(head) != nil {
            return end(number, .failure(TransferError(.unusableAnswer, "It can't be media.")))
        }
        download.rest = rest
        if !download.receiver.downloadDidBegin(head, at: Int64(rest.lowerBound)) { end(number, .failure(.cancelled)) }
    }

    private static let address = Address(url: URL(string: "http://127.0.0.1:9/media")!)

    func deliver(_ number: Int, _ count: Int) {
        guard let download = downloads[number], let rest = download.rest else { return }
        let piece = rest.prefix(count)
        let file = files[download.file]
        var bytes = Array(file.media.served[piece])
        if let place = file.damagedPlace, piece.contains(place) { bytes[place - piece.lowerBound] ^= 0x40 }
        download.rest = piece.upperBound..<rest.upperBound
        download.sentEnd = piece.upperBound
        download.receiver.downloadDidReceive(bytes.span.bytes)
    }

    /// The connection breaks, and the download goes on with another.
    func breakOff(_ number: Int) { downloads[number]?.rest = nil }

    func end(_ number: Int, _ result: Result<Void, TransferError>) {
        guard let download = downloads.removeValue(forKey: number) else { return }
        download.receiver.downloadDidEnd(result)
    }

    func answer(_ number: Int) {
        requests.removeValue(forKey: number)?(.failure(TransferError(.connectionLost, "Simulated.")))
    }

    func becomeHealthy() {
        for index in files.indices {
            files[index].damagedPlace = nil
        }
    }
}

/// A disk cache in memory that fails now and then.
final class FakeCache: BlockCache, @unchecked Sendable {
    // Safe although unchecked: all of it happens on one thread.
    private var units: [CachedContent: [Int: [UInt8]]] = [:]
    var isBroken = false

    func units(of content: CachedContent) -> Set<Int> { Set(units[content, default: [:]].keys) }

    func readUnit(_ index: Int, of content: CachedContent, into buffers: [UnsafeMutableRawBufferPointer]) -> Bool {
        guard !isBroken, let unit = units[content]?[index] else { return false }
        guard unit.count == buffers.reduce(0, { $0 + $1.count }) else { return false }
        var place = 0
        for buffer in buffers {
            buffer.copyBytes(from: unit[place..<(place + buffer.count)])
            place += buffer.count
        }
        return true
    }

    func storeUnit(_ index: Int, of content: CachedContent, from buffers: [UnsafeRawBufferPointer]) {
        if isBroken { return }
        units = units.filter { $0.key.sid != content.sid || $0.key == content }
        units[content, default: [:]][index] = buffers.flatMap { Array($0) }
    }

    func removeUnits(ofRecording sid: String) { units = units.filter { $0.key.sid != sid } }

    /// Units go, as when the disk is full.
    func evict() { units = [:] }
}
