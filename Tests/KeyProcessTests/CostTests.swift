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

    @Test(
        "Eight threads get no fewer than four fifths of the RSA operations per second of keys in their own process",
        .enabled(if: !Sanitizer.isPresent, "a sanitizer slows messages down more than libcrypto"))
    func rate() throws {
        let started = try StartedKeys([.unwrapping(KeyPair.shared.privateKey())])
        let (local, wrapped) = (try KeyPair.shared.readPrivateKey(), try wrapped())
        // Other tests disturb most rounds, so the best counts.
        let ratios = try (0..<12).map { _ in
            let before = try rate(local, wrapped, threads: 8, seconds: 0.2)
            return try rate(started.keys[0], wrapped, threads: 8, seconds: 0.2) / before
        }
        #expect(ratios.contains { $0 >= 0.8 }, "\(ratios)")
    }

    /// The operations per second of some threads.
    private func rate(
        _ key: any HeldPrivateKey, _ wrapped: WrappedKey, threads: Int, seconds: Double = 1
    ) throws -> Double {
        let count = Locked(0)
        let start = ContinuousClock.now
        let running = try (0..<threads).map { _ in
            try NamedThread(name: "rate") {
                var own = 0
                while start.duration(to: .now) < .seconds(seconds) {
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
