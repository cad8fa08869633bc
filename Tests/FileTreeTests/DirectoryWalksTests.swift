import Catalog
import TestSupport
import Testing
import TwilioAPI

@testable import FileTree

@Suite("Programs that go through a directory", .orderly)
struct DirectoryWalksTests {
    @Test(
        "Who reads whole files in an order finds every file begun, but for the first two",
        arguments: EntryOrder.allCases)
    func wholeDirectory(order: EntryOrder) throws {
        var bench = try WalkBench(count: 300)
        for index in 0..<300 {
            #expect(bench.held.contains(bench.file(index, order)) == (index >= 2), "\(index)")
            bench.read(bench.file(index, order))
        }
        #expect(bench.begunCount == 298)
        #expect(bench.held.isEmpty)
        #expect(bench.letGo.isEmpty)
        #expect(!bench.walks.isFollowing)
    }

    @Test("Twice as much is begun as was read, 64 at the most")
    func growth() throws {
        var bench = try WalkBench(count: 300)
        for index in 0..<200 {
            bench.read(bench.file(index))
            let count = index == 0 ? 0 : min(64, max(4, 2 * (index + 1)))
            #expect(bench.held == bench.files(index + 1, count: count))
        }
    }

    @Test("A file is begun while the second one is still being closed, which the kernel tells late")
    func lateClosing() throws {
        var bench = try WalkBench(count: 50)
        for index in 0..<40 {
            bench.open(bench.file(index))
            if index > 0 { bench.close(bench.file(index - 1)) }
            bench.finish(bench.file(index))
        }
        #expect(bench.held == bench.files(40, count: 10))
    }

    @Test("Nothing is begun for who looks at the beginning of each file")
    func headsOnly() throws {
        var bench = try WalkBench(count: 100)
        for index in 0..<100 {
            bench.open(bench.file(index))
            bench.close(bench.file(index))
        }
        #expect(bench.begunCount == 0)
    }

    @Test("Nothing is begun for who reads in no order", arguments: 1...20 as ClosedRange<UInt64>)
    func noOrder(seed: UInt64) throws {
        var bench = try WalkBench(count: 2000, seed: seed)
        var generator = SeededGenerator(seed: seed &+ 100)
        for index in (0..<2000).shuffled(using: &generator).prefix(300) { bench.read(bench.file(index)) }
        // By chance two of a few may be neighbours.
        #expect(bench.begunCount <= 16)
    }

    @Test("What was begun in vain is let go when files are left out, and what follows then is begun")
    func leavingOut() throws {
        var bench = try WalkBench(count: 300)
        for index in 0..<10 { bench.read(bench.file(index)) }
        #expect(bench.held == bench.files(10, count: 20))
        bench.read(bench.file(20))
        #expect(bench.held.isEmpty)
        #expect(Set(bench.letGo) == Set((10..<30).filter { $0 != 20 }.map { bench.file($0) }))
        bench.read(bench.file(21))
        #expect(bench.held == bench.files(22, count: 4))
    }

    @Test("What was begun in vain is let go when a file isn't read to its end")
    func breakingOff() throws {
        var bench = try WalkBench(count: 100)
        for index in 0..<10 { bench.read(bench.file(index)) }
        bench.open(bench.file(10))
        #expect(bench.held == bench.files(11, count: 20))
        bench.close(bench.file(10))
        #expect(bench.held.isEmpty)
        #expect(bench.letGo == (11..<31).map { bench.file($0) })
    }

    @Test("What was begun in vain is let go when only others are visited")
    func leaving() throws {
        var bench = try WalkBench(count: 1000)
        for index in 0..<10 { bench.read(bench.file(index)) }
        for index in 0..<16 { bench.read(bench.file(900 - 10 * index)) }
        #expect(bench.held.count == 20)
        bench.read(bench.file(600))
        #expect(bench.held.isEmpty)
    }

    @Test(
        "Two programs in different places, in different orders, are each followed",
        arguments: 1...10 as ClosedRange<UInt64>)
    func twoPrograms(seed: UInt64) throws {
        var bench = try WalkBench(count: 600, seed: seed)
        var generator = SeededGenerator(seed: seed)
        var places: [(order: EntryOrder, index: Int, start: Int)] = [
            (.position, 0, 0), (.position, 300, 300), (.name, 0, 0),
        ]
        var unforeseen = 0
        for _ in 0..<600 {
            let program = Int.random(in: 0..<3, using: &generator)
            let place = places[program]
            guard place.index < place.start + 250 else { continue }
            let sid = bench.file(place.index, place.order)
            if !bench.held.contains(sid) { unforeseen += 1 }
            bench.read(sid)
            places[program].index += 1
        }
        // Two each; those that one has read before another comes to them; and where one's way crosses what another has
        // begun, it is begun again.
        #expect(unforeseen < 120)
        #expect(bench.walks.isFollowing)
    }

    @Test("A program in another directory doesn't disturb")
    func otherDirectory() throws {
        var bench = try WalkBench(count: 200)
        var other = try WalkBench(count: 200, seed: 2)
        other.walks = bench.walks
        for index in 0..<100 {
            #expect(index < 3 || bench.held.contains(bench.file(index)))
            bench.read(bench.file(index))
            other.walks = bench.walks
            // Its second file comes after one of the other's, so it takes one more.
            #expect(index < 3 || other.held.contains(other.file(index)))
            other.read(other.file(index))
            bench.walks = other.walks
        }
        #expect(bench.letGo.isEmpty)
    }

    @Test("A program that works on four files at once is followed, although it doesn't keep the order strictly")
    func fourAtOnce() throws {
        var bench = try WalkBench(count: 200)
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
        #expect(bench.letGo.isEmpty)
    }

    @Test("A file that is opened twice counts once")
    func openedTwice() throws {
        var bench = try WalkBench(count: 50)
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

    @Test("What there was no room for is tried again", arguments: [1, 3, 10])
    func noRoom(room: Int) throws {
        var bench = try WalkBench(count: 100)
        bench.room = room
        for index in 0..<100 {
            #expect(bench.held.contains(bench.file(index)) == (index >= 2))
            bench.read(bench.file(index))
        }
    }

    @Test(
        "Whatever happens, what is begun is held until it is asked for or let go",
        arguments: 1...20 as ClosedRange<UInt64>)
    func random(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var bench = try WalkBench(count: 80, seed: seed)
        var open: Set<SID> = []
        var place = 0
        for _ in 0..<1500 {
            bench.room = Int.random(in: 0...100, using: &generator)
            switch Int.random(in: 0...9, using: &generator) {
            case 0: place = Int.random(in: 0..<80, using: &generator)
            case 1...5:
                bench.read(bench.file(place, .name))
                place = (place + 1) % 80
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
            // What the machine still counts as begun are those that are held, and some that another program has asked
            // for.
            #expect(bench.held.isSubset(of: bench.walks.begun))
        }
        // Left alone, it lets everything go.
        for sid in open { bench.close(sid) }
        for _ in 0..<40 { bench.read(bench.file(Int.random(in: 0..<80, using: &generator))) }
        #expect(bench.held.count <= 64)
    }
}
