import DiskCache
import Foundation
import Logging

/// Uses a cache, in a process of its own.
///
/// - `cache-exerciser use FOLDER LIMIT SEED`: stores, reads and removes until it is killed; ends with status 3 when a
///   block is wrong.
/// - `cache-exerciser speed FOLDER`: prints how fast blocks are stored and read.
@main
struct CacheExerciser {
    static func main() throws {
        let words = CommandLine.arguments.dropFirst().map(\.self)
        switch words.first {
        case "use": try use(folder: words[1], limit: Int64(words[2]) ?? 0, seed: UInt64(words[3]) ?? 0)
        case "speed": try measure(folder: words[1])
        default: exit(2)
        }
    }

    private static func use(folder: String, limit: Int64, seed: UInt64) throws {
        let cache = try DiskCache(folder: folder, limit: limit, minimumFree: 0, logger: Logger(label: "cache"))
        print("ready")
        fflush(nil)
        DispatchQueue.concurrentPerform(iterations: 2) { thread in
            var choice = seed &* 2 &+ UInt64(thread)
            func next(_ bound: UInt64) -> Int {
                choice = choice &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                return Int((choice >> 33) % bound)
            }
            while true {
                let content = Pattern.content(next(4))
                let block = next(32)
                switch next(100) {
                case 0: cache.remove(sid: content.sid)
                case ..<50:
                    let length = Pattern.length(block, of: content)
                    if let bytes = cache.read(block, of: content, length: length),
                        bytes != Pattern.bytes(block, of: content)
                    {
                        exit(3)
                    }
                default: cache.store(Pattern.bytes(block, of: content), block, of: content)
                }
            }
        }
    }

    private static func measure(folder: String) throws {
        let cache = try DiskCache(folder: folder, limit: 1 << 30, minimumFree: 0, logger: Logger(label: "cache"))
        let content = Pattern.content(0)
        let blocks = 256
        let bytes = Pattern.bytes(0, of: content, length: DiskCache.blockSize + 16)
        func report(_ what: String, _ rounds: Int, _ body: (Int) -> Void) {
            let duration = ContinuousClock().measure { for _ in 0..<rounds { for block in 0..<blocks { body(block) } } }
            let (seconds, attoseconds) = duration.components
            let time = Double(seconds) + Double(attoseconds) / 1e18
            let speed = Double(rounds * blocks * bytes.count) / time / 1e9
            print(String(format: "%@: %.2f GB/s, %.0f µs a block", what, speed, time / Double(rounds * blocks) * 1e6))
        }
        report("storing", 1) { cache.store(bytes, $0, of: content) }
        var buffer = bytes
        var misses = 0
        report("reading", 20) { block in
            // As Media does: a buffer of its own for the 16 bytes before the block.
            let isHit = buffer.withUnsafeMutableBytes { buffer in
                cache.read(
                    block, of: content,
                    into: [
                        UnsafeMutableRawBufferPointer(rebasing: buffer[..<16]),
                        UnsafeMutableRawBufferPointer(rebasing: buffer[16...]),
                    ])
            }
            if !isHit { misses += 1 }
        }
        let duration = ContinuousClock().measure { for _ in 0..<1000 { _ = cache.blocks(of: content) } }
        print("listing \(cache.blocks(of: content).count) blocks: \(duration / 1000)")
        print("misses: \(misses), right: \(buffer == bytes)")
        cache.shutDown()
        let opening = try ContinuousClock().measure {
            _ = try DiskCache(folder: folder, limit: 1 << 30, minimumFree: 0, logger: Logger(label: "cache"))
                .blocks(of: content)
        }
        print("opening, listing and closing: \(opening)")
    }
}
