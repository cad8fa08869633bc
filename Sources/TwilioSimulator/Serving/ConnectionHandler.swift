import Logging
import Support

import NIOCore
import NIOHTTP1
import NIOPosix

/// Serves the requests of one connection, one after the other.
///
/// Belongs to the connection's event loop; answers are made on the pool's threads.
final class ConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    private static let largestBody = 1 << 20

    private let host: SimulatedHost
    private let number: Int
    private let service: SimulatedService
    private let threads: NIOThreadPool
    private let transport: TransportHandler
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []
    /// Whether a request counts as one in progress on the account.
    private var countsAsInProgress = false

    init(
        host: SimulatedHost, number: Int, service: SimulatedService, threads: NIOThreadPool,
        transport: TransportHandler
    ) {
        self.host = host
        self.number = number
        self.service = service
        self.threads = threads
        self.transport = transport
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = []
        case .body(let buffer):
            guard body.count + buffer.readableBytes <= Self.largestBody else {
                transport.close()
                return
            }
            body += buffer.readableBytesView
        case .end:
            guard let head else { return }
            self.head = nil
            begin(context, SimulatedRequest(host: host, head: head, body: body), keepAlive: head.isKeepAlive)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        finishProgress()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        service.logger.debug("A connection failed", metadata: ["error": "\(error)"])
        transport.close()
    }

    private func begin(_ context: ChannelHandlerContext, _ request: SimulatedRequest, keepAlive: Bool) {
        guard !request.isControl else {
            answer(context, request, logNumber: nil, keepAlive: keepAlive, refused: false)
            return
        }
        let connection = number
        let counts = host == .api
        let account = service.simulation.caller(of: request)?.sid
        let (logNumber, latency, refused) = service.simulation.state.withLock { state in
            if counts { state.inProgress += 1 }
            return (
                state.log.begin(request, account: account, connection: connection, now: Instant.secondsWithFraction()),
                state.behaviour.latencyMilliseconds,
                counts && state.behaviour.concurrencyLimit.map { state.inProgress > $0 } ?? false
            )
        }
        countsAsInProgress = counts
        guard latency > 0 else {
            answer(context, request, logNumber: logNumber, keepAlive: keepAlive, refused: refused)
            return
        }
        context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(Int64(latency))) {
            self.answer(context, request, logNumber: logNumber, keepAlive: keepAlive, refused: refused)
        }
    }

    private func answer(
        _ context: ChannelHandlerContext, _ request: SimulatedRequest, logNumber: Int?, keepAlive: Bool, refused: Bool
    ) {
        let service = service
        let answer = threads.runIfActive(eventLoop: context.eventLoop) {
            refused ? service.tooManyRequests(request) : service.respond(request)
        }
        answer.assumeIsolated().whenSuccess { response in
            guard context.channel.isActive else { return }
            self.send(context, request, response, logNumber: logNumber, keepAlive: keepAlive)
        }
    }

    private func send(
        _ context: ChannelHandlerContext, _ request: SimulatedRequest, _ response: SimulatedResponse,
        logNumber: Int?, keepAlive: Bool
    ) {
        var headers = HTTPHeaders(response.headers.map { ($0.name, $0.value) })
        headers.add(name: "Date", value: Instant.now.httpDate)
        let isHead = request.method == "HEAD"
        if response.chunked {
            if !isHead { headers.add(name: "Transfer-Encoding", value: "chunked") }
        } else if response.status != 204 {
            headers.add(name: "Content-Length", value: String(response.range.count))
        }
        if !keepAlive { headers.add(name: "Connection", value: "close") }
        let head = HTTPResponseHead(
            version: .http1_1, status: HTTPResponseStatus(statusCode: response.status), headers: headers)
        note(logNumber) {
            $0.status = response.status
            $0.fault = response.fault
        }
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        guard !isHead else {
            end(context, keepAlive: keepAlive)
            return
        }
        let rate = request.isControl ? nil : service.simulation.state.withLock { $0.behaviour.bytesPerSecond }
        BodySender(
            context: context, response: response, threads: threads, bytesPerSecond: rate,
            count: { size in self.note(logNumber) { $0.bodyBytes += size } },
            ended: { ending in
                switch ending {
                case .complete: self.end(context, keepAlive: keepAlive)
                case .close(let reset):
                    self.finishProgress()
                    if reset { self.transport.reset() } else { self.transport.close() }
                case .stall: break
                }
            }
        ).run()
    }

    private func end(_ context: ChannelHandlerContext, keepAlive: Bool) {
        // Before the end is written, so that who has read all of an answer never finds it in progress still.
        finishProgress()
        let promise = keepAlive ? nil : context.eventLoop.makePromise(of: Void.self)
        promise?.futureResult.assumeIsolated().whenComplete { _ in context.close(promise: nil) }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: promise)
    }

    private func note(_ logNumber: Int?, _ change: @Sendable (inout LoggedRequest) -> Void) {
        guard let logNumber else { return }
        service.simulation.state.withLock { $0.log.update(logNumber, change) }
    }

    private func finishProgress() {
        guard countsAsInProgress else { return }
        countsAsInProgress = false
        service.simulation.state.withLock { $0.inProgress -= 1 }
    }
}
