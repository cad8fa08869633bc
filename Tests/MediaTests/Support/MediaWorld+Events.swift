import Support
import TestSupport
import TwilioAPI

@testable import Media
@testable import Transfer

extension MediaWorld {
    func possibleEvents() -> [SeededEvent] {
        var events = workEvents + networkEvents
        if isHealthy {
            if events.isEmpty { events += lastEvents }
            return events
        }
        let file = number(0...(media.count - 1))
        if programs.count + openings.count < 5 {
            events.append(SeededEvent("open \(file)", weight: 6) { self.open(file) })
        }
        events.append(
            SeededEvent("prefetch \(file)", weight: 1) {
                _ = self.library.prefetch(
                    self.media[file].resource, facts: self.library.factsAtHand(self.media[file].resource.sid))
            })
        events.append(
            SeededEvent("abandon prefetch", weight: 1) {
                self.library.abandonPrefetch(of: self.media.map(\.resource.sid))
            })
        events.append(
            SeededEvent("describe \(file)", weight: 1) { self.library.describe(self.media[file].resource) { _ in } })
        for program in programs where program.reader != nil {
            if program.waiting.count < 4 {
                events.append(SeededEvent("read", weight: 8) { self.readSomething(program) })
            }
            events.append(SeededEvent("close", weight: 1) { self.close(program) })
        }
        let time = Duration.seconds(number(1...40))
        events.append(SeededEvent("\(time) pass", weight: 1) { self.clock.withLock { $0 += time } })
        events.append(
            SeededEvent("memory is reclaimed", weight: 1) {
                self.library.services.reclaimMemory(8, isUrgent: self.isOnce(in: 2))
            })
        events += trouble
        return events
    }

    /// What goes wrong, or comes right again.
    private var trouble: [SeededEvent] {
        guard !isClean else { return [] }
        let file = number(0...(media.count - 1))
        var events = [
            SeededEvent("file \(file) changes", weight: isOnce(in: 6) ? 1 : 0) { self.network.files[file].tag += 1 },
            SeededEvent("ranges of \(file)", weight: isOnce(in: 3) ? 1 : 0) {
                self.network.files[file].ignoresRanges.toggle()
            },
        ]
        if media[file].hasTag {
            let place = number(0...(media[file].served.count - 1))
            let isDamaged = network.files[file].damagedPlace != nil
            events.append(
                SeededEvent("damage of \(file)", weight: 1) {
                    self.network.files[file].damagedPlace = isDamaged ? nil : place
                })
        }
        if let cache {
            events.append(SeededEvent("cache", weight: 1) { cache.isBroken.toggle() })
            events.append(SeededEvent("eviction from the cache", weight: 1) { cache.evict() })
        }
        return events
    }

    private func readSomething(_ program: Program) {
        let size = media[program.file].plaintext.count
        let count = isOnce(in: 3) ? number(1...(1 << 20)) : 128 << 10
        if isOnce(in: 4) || program.place >= size { program.place = isOnce(in: 3) ? 0 : number(0...(size - 1)) }
        let start = program.place
        program.place += count
        read(program, start..<(start + count))
    }

    private var workEvents: [SeededEvent] {
        let services = library.services
        return [("work", services.workers), ("disk work", services.diskWorkers), ("storing", services.storeWorker)]
            .filter { $0.1.hasWork }.map { name, pool in SeededEvent(name, weight: 10) { pool.runNext() } }
    }

    private var networkEvents: [SeededEvent] {
        var events: [SeededEvent] = []
        for (number, download) in network.downloads.sorted(by: { $0.key < $1.key }) {
            func add(_ name: String, weight: Int, _ happen: @escaping () -> Void) {
                events.append(SeededEvent("\(number) \(name)", weight: weight, happen: happen))
            }
            if download.isCancelled {
                add("is cancelled", weight: 6) { self.network.end(number, .failure(.cancelled)) }
            }
            if let rest = download.rest {
                if rest.isEmpty {
                    add("ends", weight: 6) { self.network.end(number, .success(())) }
                } else {
                    // A cancelled one may bring more until the transfer thread learns of it.
                    let count = self.number(1...(200 << 10))
                    add("brings \(count)", weight: download.isCancelled ? 1 : 8) { self.network.deliver(number, count) }
                }
                if !isHealthy, !rest.isEmpty { add("breaks off", weight: 1) { self.network.breakOff(number) } }
            } else if !download.isCancelled {
                add("begins", weight: 8) { self.network.begin(number) }
            }
            if !isHealthy, !isClean {
                let codes: [TransferError.Code] = [.deadlineExceeded, .connectionLost, .hostUnreachable]
                let code = codes[self.number(0...2)]
                add("fails", weight: isOnce(in: 3) ? 1 : 0) {
                    self.network.end(number, .failure(TransferError(code, "Simulated.")))
                }
            }
        }
        for number in network.requests.keys.sorted() {
            events.append(SeededEvent("\(number) is answered") { self.network.answer(number) })
        }
        return events
    }

    /// In a healthy world, each file can be read again, from beginning to end.
    private var lastEvents: [SeededEvent] {
        for file in media.indices where !finished.contains(file) && attempts[file, default: 0] < 5 {
            return [
                SeededEvent("last reading of \(file)") {
                    self.attempts[file, default: 0] += 1
                    for program in self.programs where program.waiting.isEmpty { self.close(program) }
                    // Long enough for the next trial of condemned content, and for sizes that have to be confirmed.
                    self.clock.withLock { $0 += .seconds(1000) }
                    self.open(file, isLast: true)
                }
            ]
        }
        return []
    }
}
