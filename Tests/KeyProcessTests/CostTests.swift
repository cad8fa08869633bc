import Envelope
import Foundation
import Glibc
import KeyProcess
import ModuleTestSupport
import Support
import TestSupport
import Testing

@Suite("What asking the key process costs", .orderly)
struct CostTests {
    private func wrapped() throws -> WrappedKey {
        let bytes = try PythonOracle.perform(
            .wrapPKCS1(publicPEM: KeyPair.shared.publicPEM, bytes: [UInt8](repeating: 1, count: 32)))
        return WrappedKey(wrapping: .rsaPKCS1v15, cipher: .aes256CBC, publicKeySID: nil, bytes: bytes)
    }

    /// The processor time that a clock shows, in seconds.
    private func time(_ clock: clockid_t) -> Double {
        var time = timespec()
        clock_gettime(clock, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    @Test("Both processes together need less than a fifth more processor time for an RSA operation than one alone")
    func processorTime() throws {
        let started = try StartedKeys([.unwrapping(KeyPair.shared.privateKey())])
        let (remote, local, wrapped) = (started.keys[0], try KeyPair.shared.readPrivateKey(), try wrapped())
        var clock = clockid_t()
        #expect(clock_getcpuclockid(started.process.processID, &clock) == 0)
        var times = (local: 0.0, remote: 0.0)
        // In turns, since the processor's speed changes.
        for _ in 0..<20 {
            let before = (time(CLOCK_THREAD_CPUTIME_ID), time(clock))
            for _ in 0..<20 { _ = try local.unwrap(wrapped) }
            let between = (time(CLOCK_THREAD_CPUTIME_ID), time(clock))
            for _ in 0..<20 { _ = try remote.unwrap(wrapped) }
            let after = (time(CLOCK_THREAD_CPUTIME_ID), time(clock))
            times.local += between.0 - before.0
            times.remote += after.0 - between.0 + after.1 - between.1
        }
        #expect(times.local > 0.05)
        #expect(times.remote < 1.2 * times.local, "\(times)")
    }

    /// The operations per second of some threads.
    private func rate(_ key: any HeldPrivateKey, _ wrapped: WrappedKey, threads: Int) throws -> Double {
        let count = Locked(0)
        let start = ContinuousClock.now
        let running = try (0..<threads).map { _ in
            try NamedThread(name: "rate") {
                var own = 0
                while start.duration(to: .now) < .seconds(1) {
                    _ = try? key.unwrap(wrapped)
                    own += 1
                }
                count.withLock { [own] in $0 += own }
            }
        }
        for thread in running { thread.join() }
        return Double(count.withLock(\.self)) / (start.duration(to: .now) / .seconds(1))
    }

    @Test(
        "Operations per second in this process and in the key process, printed (with UNWRAP_RATE=1)",
        .enabled(if: ProcessInfo.processInfo.environment["UNWRAP_RATE"] != nil), arguments: [1, 8])
    func rates(threads: Int) throws {
        let started = try StartedKeys([.unwrapping(KeyPair.shared.privateKey())])
        let (local, wrapped) = (try KeyPair.shared.readPrivateKey(), try wrapped())
        for _ in 0..<5 {
            let before = try rate(local, wrapped, threads: threads)
            let after = try rate(started.keys[0], wrapped, threads: threads)
            print("\(threads) threads: \(Int(before)) here, \(Int(after)) there, ratio \(after / before)")
        }
    }
}
