import Foundation
import Glibc
import Logging
import Metrics
import Support

@testable import Transfer

/// Whole answers of HTTP servers, over a socket, through libcurl and everything above it.
let engineTargets: [FuzzTarget] = [
    FuzzTarget(name: "transfer-engine") { bytes in
        // The first byte chooses the request; the rest are the answers, one for each connection.
        let request = bytes.first ?? 0
        let answers = bytes.dropFirst().split(separator: 0xFF, omittingEmptySubsequences: false).map { Array($0) }
        let server = try AnsweringServer.shared.get()
        server.load(answers)
        try transfer(twice: request, from: Address(url: server.url))
    }
]

/// Performs two transfers one after the other, on this thread.
private func transfer(twice request: UInt8, from address: Address) throws {
    let patience = Patience(
        connect: .seconds(1), stall: .milliseconds(15), giveUp: .milliseconds(20), firstBackoff: .zero,
        maximalBackoff: .zero, outage: .zero)
    let range: ByteRange? =
        switch request & 3 {
        case 0: nil
        case 1: .bytes(0..<8)
        case 2: .from(2)
        default: .suffix(5)
        }
    var download = DownloadRequest(range: range, bodyLimit: 1000, patience: patience, retriesNotFound: request & 4 != 0)
    download.expectedEntityTag = request & 8 != 0 ? "\"a\"" : nil
    var plain = Request(method: request & 16 != 0 ? .head : .get, address: address, bodyLimit: 1000)
    // Background work would wait for its turn, two minutes if the server asks for that.
    plain.priority = .reader
    plain.patience = patience
    plain.redirects = request & 32 != 0 ? .report : .follow
    let plan = request & 64 != 0 ? TransferPlan(plain) : TransferPlan(download)

    let configuration = TransferClient.Configuration(maximalConnections: 4)
    let multi = try MultiHandle(maximalConnections: 4)
    let mailbox = Mailbox(waking: multi)
    let last = CheckingReceiver(plan) { mailbox.post(.stop) }
    let first = CheckingReceiver(plan) { mailbox.post(.begin(2, plan, address, address, last)) }
    mailbox.post(.begin(1, plan, address, address, first))
    TransferLoop(
        configuration, multi: multi, mailbox: mailbox, counts: TransferCounts(limiter: RequestLimiter(maximum: 2)),
        metrics: TransferMetrics(NOOPMetricsHandler.instance),
        logger: Logger(label: "fuzz") { _ in SwiftLogNoOpLogHandler() }
    ).run()
    check(first.isEnded && last.isEnded, "a transfer has no end")
}

/// Checks what is promised to receivers.
private final class CheckingReceiver: DownloadReceiver, @unchecked Sendable {
    // Safe although unchecked: everything happens on one thread.
    private let plan: TransferPlan
    private let onEnd: () -> Void
    private var next: Int64?
    private var received = 0
    private(set) var isEnded = false

    init(_ plan: TransferPlan, onEnd: @escaping () -> Void) {
        self.plan = plan
        self.onEnd = onEnd
    }

    func downloadDidBegin(_ head: ResponseHead, at offset: Int64) -> Bool {
        check(!isEnded, "an answer begins after the end")
        check(Bounds.sizes.contains(offset), "an offset out of bounds")
        check(head.contentLength.map(Bounds.sizes.contains) ?? true, "a length out of bounds")
        if plan.isDownload, received > 0 {
            check(next == offset, "bytes aren't contiguous")
        } else {
            received = 0
        }
        next = offset
        return true
    }

    func downloadDidReceive(_ bytes: RawSpan) {
        check(!isEnded && next != nil && bytes.byteCount > 0, "bytes out of place")
        next = next.map { $0 + Int64(bytes.byteCount) }
        received += bytes.byteCount
        check(received <= 1000, "more than the limit")
    }

    func downloadDidEnd(_ result: Result<Void, TransferError>) {
        check(!isEnded, "a second end")
        isEnded = true
        if case .failure(let error) = result {
            let text = "\(error)"
            check(
                !text.isEmpty && !text.unicodeScalars.contains { $0.value < 0x20 }, "a message with control characters")
        }
        onEnd()
    }
}

/// A server on loopback that answers each connection with the next of some texts, then with 404.
private final class AnsweringServer: Sendable {
    static let shared = Result { try AnsweringServer() }

    let url: URL
    private let answers = Locked<[[UInt8]]>([])

    struct Unavailable: Error {}

    private init() throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let size = length
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, size) == 0 && listen(listener, 64) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        let origin = "http://127.0.0.1:\(UInt16(bigEndian: address.sin_port))"
        guard isListening, let url = URL(string: "\(origin)/media") else { throw Unavailable() }
        self.url = url
        // Redirects may lead anywhere; all of it comes here, through a proxy that is none.
        setenv("https_proxy", origin, 1)
        setenv("no_proxy", "", 1)
        let answers = answers
        _ = try NamedThread(name: "server") {
            while true {
                let descriptor = accept(listener, nil, nil)
                guard descriptor >= 0 else { return }
                Self.answer(descriptor, answers.withLock { $0.isEmpty ? nil : $0.removeFirst() })
                close(descriptor)
            }
        }
    }

    /// Sets what the next connections are answered with.
    func load(_ texts: [[UInt8]]) {
        answers.withLock { $0 = texts }
    }

    private static func answer(_ descriptor: Int32, _ text: [UInt8]?) {
        var limit = timeval(tv_sec: 1, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        var request = [UInt8](repeating: 0, count: 4096)
        // A request is small enough to come at once; what isn't read would break the connection.
        guard recv(descriptor, &request, request.count, 0) > 0 else { return }
        let bytes = text ?? Array("HTTP/1.1 404 X\r\nContent-Length: 0\r\n\r\n".utf8)
        _ = send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }
}
