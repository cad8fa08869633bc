import NIOCore
import NIOHTTP1
import NIOPosix

/// Sends one response's body piece by piece, as fast as the peer takes it and the bandwidth allows, and ends it as the
/// fault says, if there is one.
///
/// Belongs to the connection's event loop. A piece of a file is read when the one before has reached the kernel, so
/// that a slow peer costs one piece of memory; what is in memory already is one piece. The head goes out with the
/// first.
final class BodySender {
    /// How a body ended.
    enum Ending {
        /// All of it was sent.
        case complete
        /// The connection is to be closed, orderly or with a reset.
        case close(reset: Bool)
        /// Nothing more is to be sent, and the connection kept.
        case stall
    }

    private static let largestPiece = 128 * 1024
    private static let piecesPerSecond = 50

    private let context: ChannelHandlerContext
    private let response: SimulatedResponse
    private let threads: NIOThreadPool
    private let bytesPerSecond: Int?
    private let count: (Int) -> Void
    private let ended: (Ending) -> Void
    private var offset: Int
    private let limit: Int
    private let limitEnding: Ending
    private var nextTime: NIODeadline

    /// Makes a sender.
    ///
    /// - Parameters:
    ///   - count: told of bytes when they are written, and of as many negative ones when they turn out not to have
    ///     left.
    ///   - ended: called once; not called when the connection breaks.
    init(
        context: ChannelHandlerContext, response: SimulatedResponse, threads: NIOThreadPool, bytesPerSecond: Int?,
        count: @escaping (Int) -> Void, ended: @escaping (Ending) -> Void
    ) {
        self.context = context
        self.response = response
        self.threads = threads
        self.bytesPerSecond = bytesPerSecond.map { max(1, $0) }
        self.count = count
        self.ended = ended
        offset = response.range.lowerBound
        nextTime = .now()
        let (allowed, ending): (Int, Ending) =
            switch response.fault {
            case .reset(let count): (count ?? 0, .close(reset: true))
            case .truncate(let count): (count ?? 0, .close(reset: false))
            case .stall(let count): (count ?? 0, .stall)
            case .status, .corrupt, .changeETag, .answer, .headers, .shorten, nil: (response.range.count, .complete)
            }
        let end = response.range.lowerBound + max(0, allowed)
        limit = min(end, response.range.upperBound)
        // A fault beyond the body's end leaves the response as it is.
        limitEnding = end <= response.range.upperBound ? ending : .complete
    }

    /// Sends the next piece, or ends.
    func run() {
        guard offset < limit else {
            context.flush()
            ended(limitEnding)
            return
        }
        let (start, object) = (offset, response.body)
        let largest =
            switch object {
            case .bytes: limit - offset
            case .file: Self.largestPiece
            }
        let paced = bytesPerSecond.map { max(1, $0 / Self.piecesPerSecond) } ?? largest
        let size = min(largest, paced, limit - offset)
        let read: EventLoopFuture<ByteBuffer> =
            switch object {
            case .bytes: context.eventLoop.makeCompletedFuture { try object.read(at: start, count: size) }
            case .file:
                threads.runIfActive(eventLoop: context.eventLoop) { try object.read(at: start, count: size) }
            }
        read.assumeIsolated().whenComplete { result in
            switch result {
            case .success(let piece) where piece.readableBytes > 0: self.write(piece)
            default: self.ended(.close(reset: true))
            }
        }
    }

    private func write(_ original: ByteBuffer) {
        var piece = original
        let size = piece.readableBytes
        if case .corrupt(let place, let mask) = response.fault, (offset..<(offset + size)).contains(place) {
            let index = piece.readerIndex + place - offset
            piece.setInteger((piece.getInteger(at: index, as: UInt8.self) ?? 0) ^ mask, at: index)
        }
        offset += size
        count(size)
        let promise = context.eventLoop.makePromise(of: Void.self)
        let part = HTTPServerResponsePart.body(.byteBuffer(piece))
        if offset == limit, bytesPerSecond == nil, case .complete = limitEnding {
            // The end goes out with the last piece.
            context.write(NIOAny(part), promise: promise)
            promise.futureResult.assumeIsolated().whenFailure { _ in self.count(-size) }
            ended(.complete)
            return
        }
        context.writeAndFlush(NIOAny(part), promise: promise)
        promise.futureResult.assumeIsolated().whenComplete { result in
            switch result {
            case .success: self.pause(after: size)
            case .failure: self.count(-size)
            }
        }
    }

    private func pause(after size: Int) {
        guard let bytesPerSecond else {
            run()
            return
        }
        // Time that a slow peer took isn't made up for, so that the rate is never exceeded; small delays of the timer
        // are.
        let late = NIODeadline.now() - .milliseconds(100)
        nextTime = max(nextTime, late) + .nanoseconds(Int64(size) * 1_000_000_000 / Int64(bytesPerSecond))
        context.eventLoop.assumeIsolated().scheduleTask(deadline: nextTime) { self.run() }
    }
}
