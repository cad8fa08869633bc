import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import Support

/// Listens on two ports of the loopback interface and owns the threads that serve them.
final class SimulatorServer: Sendable {
    private struct Connections: Sendable {
        var nextNumber = 1
        var open: [Int: NIOLoopBound<TransportHandler>] = [:]
        var stopped = false
    }

    private let loops: MultiThreadedEventLoopGroup
    private let threads: NIOThreadPool
    private let connections = Locked(Connections())

    /// What accepts connections.
    private let listeners = Locked<[any Channel]>([])

    /// Starts the threads.
    init() {
        loops = MultiThreadedEventLoopGroup(numberOfThreads: 2)
        threads = NIOThreadPool(numberOfThreads: 4)
        threads.start()
    }

    /// Starts to listen.
    ///
    /// - Parameters:
    ///   - port: 0 for one that is free.
    ///   - identity: nil for plain HTTP.
    ///   - service: gives what answers; connections are closed while it gives nil.
    /// - Returns: the port.
    func listen(
        host: SimulatedHost, port: Int, identity: ServerIdentity?, service: @escaping @Sendable () -> SimulatedService?
    ) throws(SimulatorError) -> Int {
        do {
            let tls = try identity.map(Self.context)
            let channel = try ServerBootstrap(group: loops)
                .serverChannelOption(.backlog, value: 1024)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try self.configure(channel, host: host, tls: tls, service: service)
                    }
                }
                .bind(host: "127.0.0.1", port: port).wait()
            listeners.withLock { $0.append(channel) }
            return channel.localAddress?.port ?? port
        } catch {
            throw SimulatorError(
                .network, "The simulator can't listen on port \(port) of 127.0.0.1; free it or give another",
                cause: error)
        }
    }

    private func configure(
        _ channel: any Channel, host: SimulatedHost, tls: NIOSSLContext?, service: () -> SimulatedService?
    ) throws {
        guard let service = service() else { throw ChannelError.ioOnClosedChannel }
        let transport = TransportHandler()
        let bound = NIOLoopBound(transport, eventLoop: channel.eventLoop)
        let number: Int? = connections.withLock { connections in
            guard !connections.stopped else { return nil }
            defer { connections.nextNumber += 1 }
            connections.open[connections.nextNumber] = bound
            return connections.nextNumber
        }
        guard let number else { throw ChannelError.ioOnClosedChannel }
        channel.closeFuture.whenComplete { _ in self.connections.withLock { $0.open[number] = nil } }
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(transport)
        if let tls { try pipeline.addHandler(NIOSSLServerHandler(context: tls)) }
        // Framing is ours, because what NIO makes of an answer to HEAD without a length breaks the connection's next
        // answer.
        var encoder = HTTPResponseEncoder.Configuration()
        encoder.automaticallySetFramingHeaders = false
        try pipeline.configureHTTPServerPipeline(withEncoderConfiguration: encoder)
        try pipeline.addHandler(
            ConnectionHandler(host: host, number: number, service: service, threads: threads, transport: transport))
    }

    private static func context(_ identity: ServerIdentity) throws -> NIOSSLContext {
        let certificates = try NIOSSLCertificate.fromPEMBytes(identity.certificatePEM)
        let key = try NIOSSLPrivateKey(bytes: identity.privateKeyPEM, format: .pem)
        return try NIOSSLContext(
            configuration: .makeServerConfiguration(
                certificateChain: certificates.map { .certificate($0) }, privateKey: .privateKey(key)))
    }

    /// Closes all connections at once, whatever they are doing, and ends the threads.
    func stop() {
        // First, and waiting for it: what accepts a connection hands it to a loop, which mustn't have ended.
        for listener in listeners.withLock({ $0 }) { try? listener.close().wait() }
        let open = connections.withLock { connections in
            connections.stopped = true
            return Array(connections.open.values)
        }
        for transport in open { transport.eventLoop.execute { transport.value.close() } }
        // The loops last: work that ends tells them. Neither can fail in a way that leaves something to do.
        try? threads.syncShutdownGracefully()
        try? loops.syncShutdownGracefully()
    }
}
