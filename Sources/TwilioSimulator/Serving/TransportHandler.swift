import Glibc
import NIOCore

/// Is the first handler of a connection: closes the socket without asking those behind it, TLS among them, which
/// would say goodbye in an orderly way first.
final class TransportHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private var context: ChannelHandlerContext?

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
    }

    /// Closes the socket at once.
    ///
    /// What the peer was sent and hasn't acknowledged may be lost.
    func close() {
        context?.close(promise: nil)
    }

    /// Closes the socket so that the peer gets a reset (RST), after it has what was sent so far.
    ///
    /// A reset throws away what the kernel still holds for the peer, so this waits for the acknowledgement;
    /// no longer than until `deadline`, because a peer need not read.
    func reset(deadline: NIODeadline = .now() + .seconds(5)) {
        guard let context else { return }
        guard unacknowledgedBytes(context) == 0 || NIODeadline.now() >= deadline else {
            context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(1)) { self.reset(deadline: deadline) }
            return
        }
        guard let options = context.channel as? any SocketOptionProvider else {
            close()
            return
        }
        // Lingering for no time is what makes the kernel send RST instead of FIN.
        options.setSoLinger(linger(l_onoff: 1, l_linger: 0)).assumeIsolated().whenComplete { _ in self.close() }
    }

    /// Asks the kernel how many bytes it keeps for the peer; 0 when it doesn't say.
    private func unacknowledgedBytes(_ context: ChannelHandlerContext) -> Int32 {
        let count = try? context.channel.pipeline.syncOperations.withUnsafeTransportIfAvailable(
            of: NIOBSDSocket.Handle.self
        ) { descriptor in
            var count: Int32 = 0
            // SIOCOUTQ of tcp(7), by its other name; it writes one int.
            return ioctl(descriptor, UInt(TIOCOUTQ), &count) == 0 ? count : 0
        }
        return count ?? 0
    }
}
