import Catalog
import TestSupport
import Testing
import TwilioAPI

@testable import Prefetching

@Suite("Programs that read a directory in order", .orderly)
struct SequenceDetectorTests {
    @Test(
        "A program that reads whole files in order finds every file prefetched, but for the first two",
        arguments: EntryOrder.allCases)
    func wholeDirectory(order: EntryOrder) throws {
        var bench = try SequenceBench(count: 300)
        for index in 0..<300 {
            #expect(bench.held.contains(bench.file(index, order)) == (index >= 2), "\(index)")
            bench.read(bench.file(index, order))
        }
        #expect(bench.prefetchCount == 298)
        #expect(bench.held.isEmpty)
        #expect(bench.abandoned.isEmpty)
        #expect(!bench.detector.isPrefetching)
    }

    @Test("Twice as many files are prefetched as were read, 64 at most")
    func growth() throws {
        var bench = try SequenceBench(count: 300)
        for index in 0..<200 {
            bench.read(bench.file(index))
            let count = index == 0 ? 0 : min(64, max(4, 2 * (index + 1)))
            #expect(bench.held == bench.files(index + 1, count: count))
        }
    }

    @Test("Files are prefetched before the second one is closed, which the kernel reports late")
    func lateClosing() throws {
        var bench = try SequenceBench(count: 50)
        for index in 0..<40 {
            bench.open(bench.file(index))
            if index > 0 { bench.close(bench.file(index - 1)) }
            bench.finish(bench.file(index))
        }
        #expect(bench.held == bench.files(40, count: 10))
    }

    @Test("Nothing is prefetched for a program that reads the beginning of each file")
    func headsOnly() throws {
        var bench = try SequenceBench(count: 100)
        for index in 0..<100 {
            bench.open(bench.file(index))
            bench.close(bench.file(index))
        }
        #expect(bench.prefetchCount == 0)
    }

    @Test("Nothing is prefetched for a program that reads in no order", arguments: 1...20 as ClosedRange<UInt64>)
    func noOrder(seed: UInt64) throws {
        var bench = try SequenceBench(count: 2000, seed: seed)
        var generator = SeededGenerator(seed: seed &+ 100)
        for index in (0..<2000).shuffled(using: &generator).prefix(300) { bench.read(bench.file(index)) }
        // By chance two of a few may be neighbours.
        #expect(bench.prefetchCount <= 16)
    }

    @Test("A skip abandons the files prefetched, and those that follow it are prefetched")
    func skipping() throws {
        var bench = try SequenceBench(count: 300)
        for index in 0..<10 { bench.read(bench.file(index)) }
        #expect(bench.held == bench.files(10, count: 20))
        bench.read(bench.file(20))
        #expect(bench.held.isEmpty)
        #expect(Set(bench.abandoned) == Set((10..<30).filter { $0 != 20 }.map { bench.file($0) }))
        bench.read(bench.file(21))
        #expect(bench.held == bench.files(22, count: 4))
    }

    @Test("A file that isn't read to its end abandons the files prefetched")
    func breakingOff() throws {
        var bench = try SequenceBench(count: 100)
        for index in 0..<10 { bench.read(bench.file(index)) }
        bench.open(bench.file(10))
        #expect(bench.held == bench.files(11, count: 20))
        bench.close(bench.file(10))
        #expect(bench.held.isEmpty)
        #expect(bench.abandoned == (11..<31).map { bench.file($0) })
    }

    @Test("Many accesses elsewhere abandon the files prefetched")
    func leaving() throws {
        var bench = try SequenceBench(count: 1000)
        for index in 0..<10 { bench.read(bench.file(index)) }
        for index in 0..<16 { bench.read(bench.file(900 - 10 * index)) }
        #expect(bench.held.count == 20)
        bench.read(bench.file(600))
        #expect(bench.held.isEmpty)
    }

    @Test(
        "Two programs at different positions, in different orders, have a sequence each",
        arguments: 1...10 as ClosedRange<UInt64>)
    func twoPrograms(seed: UInt64) throws {
        var bench = try SequenceBench(count: 600, seed: seed)
        var generator = SeededGenerator(seed: seed)
        var positions: [(order: EntryOrder, index: Int, start: Int)] = [
            (.position, 0, 0), (.position, 300, 300), (.name, 0, 0),
        ]
        var unforeseen = 0
        for _ in 0..<600 {
            let program = Int.random(in: 0..<3, using: &generator)
            let position = positions[program]
            guard position.index < position.start + 250 else { continue }
            let sid = bench.file(position.index, position.order)
            if !bench.held.contains(sid) { unforeseen += 1 }
            bench.read(sid)
            positions[program].index += 1
        }
        // Two each; those that one has read before another reaches them; and a program that accesses a file prefetched
        // for another ends that one's sequence, which begins again.
        #expect(unforeseen < 120)
        #expect(bench.detector.isPrefetching)
    }

    @Test("A program in another directory doesn't end a sequence")
    func otherDirectory() throws {
        var bench = try SequenceBench(count: 200)
        var other = try SequenceBench(count: 200, seed: 2)
        other.detector = bench.detector
        for index in 0..<100 {
            #expect(index < 3 || bench.held.contains(bench.file(index)))
            bench.read(bench.file(index))
            other.detector = bench.detector
            // Its second file comes after one of the other's, so it takes one more.
            #expect(index < 3 || other.held.contains(other.file(index)))
            other.read(other.file(index))
            bench.detector = other.detector
        }
        #expect(bench.abandoned.isEmpty)
    }

    @Test("A program that works on four files at once has a sequence, although its order isn't strict")
    func fourAtOnce() throws {
        var bench = try SequenceBench(count: 200)
        var generator = SeededGenerator(seed: 4)
        bench.read(bench.file(0))
        bench.read(bench.file(1))
        var index = 2
        while index < 198 {
            let group = (index..<(index + 4)).map { bench.file($0) }
            #expect(bench.held.isSuperset(of: group))
            for sid in group.shuffled(using: &generator) { bench.open(sid) }
            for sid in group.shuffled(using: &generator) { bench.finish(sid) }
            for sid in group.shuffled(using: &generator) { bench.close(sid) }
            index += 4
        }
        #expect(bench.abandoned.isEmpty)
    }

    @Test("A file that is opened twice counts once")
    func openedTwice() throws {
        var bench = try SequenceBench(count: 50)
        for index in 0..<20 {
            bench.open(bench.file(index))
            bench.open(bench.file(index))
            bench.finish(bench.file(index))
            bench.close(bench.file(index))
            bench.open(bench.file(index))
            bench.close(bench.file(index))
        }
        #expect(bench.held == bench.files(20, count: 30))
    }

    @Test("Who opens a file of a sequence and closes it at once doesn't end the sequence of who still reads it")
    func secondReader() throws {
        var bench = try SequenceBench(count: 100)
        for index in 0..<10 { bench.read(bench.file(index)) }
        bench.open(bench.file(10))
        bench.open(bench.file(10))
        bench.close(bench.file(10))
        #expect(bench.abandoned.isEmpty && bench.detector.isPrefetching)
        bench.finish(bench.file(10))
        bench.close(bench.file(10))
        #expect(bench.held == bench.files(11, count: 22))
        bench.open(bench.file(11))
        bench.open(bench.file(11))
        bench.close(bench.file(11))
        bench.close(bench.file(11))
        #expect(bench.held.isEmpty, "nobody has read it to its end")
    }

    @Test("Files without room are tried again", arguments: [1, 3, 10])
    func noRoom(room: Int) throws {
        var bench = try SequenceBench(count: 100)
        bench.room = room
        for index in 0..<100 {
            #expect(bench.held.contains(bench.file(index)) == (index >= 2))
            bench.read(bench.file(index))
        }
    }

    @Test(
        "Whatever happens, a prefetched file is held until it is accessed or abandoned",
        arguments: 1...20 as ClosedRange<UInt64>)
    func random(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var bench = try SequenceBench(count: 80, seed: seed)
        var open: Set<SID> = []
        var index = 0
        for _ in 0..<1500 {
            bench.room = Int.random(in: 0...100, using: &generator)
            switch Int.random(in: 0...9, using: &generator) {
            case 0: index = Int.random(in: 0..<80, using: &generator)
            case 1...5:
                bench.read(bench.file(index, .name))
                index = (index + 1) % 80
            case 6:
                let sid = bench.file(Int.random(in: 0..<80, using: &generator))
                bench.open(sid)
                open.insert(sid)
            case 7: if let sid = open.randomElement(using: &generator) { bench.finish(sid) }
            default:
                if let sid = open.randomElement(using: &generator) {
                    bench.close(sid)
                    open.remove(sid)
                }
            }
            // The detector counts those held as prefetched, and some that another program has accessed.
            #expect(bench.held.isSubset(of: bench.detector.prefetched))
        }
        // Left alone, it lets everything go.
        for sid in open { bench.close(sid) }
        for _ in 0..<40 { bench.read(bench.file(Int.random(in: 0..<80, using: &generator))) }
        #expect(bench.held.count <= 64)
    }
}
