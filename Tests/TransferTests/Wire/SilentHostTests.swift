import Glibc
import Support
import TestSupport
import Testing

@testable import Transfer

/// A port at which connections are refused at first, and whose host says nothing to them later.
private final class SilentPort {
    let port: Int
    private let listener: Int32
    private var fillers: [Int32] = []

    init() throws {
        (listener, port) = try #require(ScriptedServer.bound())
    }

    deinit {
        for descriptor in fillers + [listener] { close(descriptor) }
    }

    /// Stops answering: the queue of connections is full, and the kernel drops what comes then.
    func fallSilent() throws {
        try #require(listen(listener, 0) == 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        address.sin_port = UInt16(port).bigEndian
        for _ in 0..<3 {
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
            withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    _ = connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            fillers.append(descriptor)
        }
    }
}

@Suite("Hosts that are known to be down, and say nothing", .orderly)
struct SilentHostTests {
    /// Connecting may take longer than anybody at a terminal would wait.
    private let patience = Patience(
        connect: .seconds(40), giveUp: .seconds(60), firstBackoff: .milliseconds(10),
        maximalBackoff: .milliseconds(50), outage: .zero)

    @Test("Who waits at a terminal waits two seconds at most for a host that is known to be down, not for a connection")
    func impatient() throws {
        let port = try SilentPort()
        let client = try makeClient()
        let address = Address(url: try url("http://127.0.0.1:\(port.port)/"))
        let request = Request(address: address, priority: .reader, patience: patience)
        var first = patience
        first.outage = .seconds(30)
        first.giveUp = .seconds(3)
        #expect(failure(client, Request(address: address, priority: .reader, patience: first)) != nil)
        try port.fallSilent()
        // The next attempt is due; it is one at which nobody answers.
        try wait(until: "an attempt is due") {
            client.statistics.hosts.first.map { $0.nextAttempt <= .zero } ?? false
        }
        for _ in 0..<3 {
            let clock = ContinuousClock()
            let taken = clock.measure {
                #expect(failure(client, request)?.code == .hostUnreachable)
            }
            #expect(taken < patience.connect / 2, "\(taken)")
        }
    }
}
