import Catalog
import TestSupport
import Testing
import TwilioAPI

@testable import FileTree

@Suite("Inode numbers", .orderly)
struct InodeTests {
    /// The finaliser of SplitMix64, which tells what is tried when a number is taken, so that two can be made to
    /// collide.
    private static func mix(_ value: UInt64) -> UInt64 {
        var value = value &+ 0x9E37_79B9_7F4A_7C15
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    private static func sid(_ prefix: String, _ high: UInt64, _ low: UInt64) throws -> SID {
        func digits(_ value: UInt64) -> String {
            let text = String(value, radix: 16)
            return String(repeating: "0", count: 16 - text.count) + text
        }
        return try #require(SID(prefix + digits(high) + digits(low)))
    }

    /// So many voice recordings that all prefer one number; up to eight of them prefer the same second one too.
    private static func colliding(_ count: Int) throws -> [Node] {
        try (0..<count).map { number in
            let high = 0x1234_5678_9ABC_DEF0 + UInt64(number % 8)
            return Node(.media(try sid("RE", high, UInt64(number / 8) ^ mix(high &+ mix(1))), .voiceRecording))
        }
    }

    /// The places of which each branch has one.
    private static let fixedPlaces: [Place] = {
        var directories: [Directory] = [.root, .metadata, .control, .accounts, .byDate, .byNumber]
        directories += Grouping.allCases.map { .byGroup($0) }
        directories += MediaKind.allCases.flatMap { [.media($0), .metadataOf($0)] }
        for year in 2008...2040 {
            guard let year = DateSpan(year: year) else { continue }
            let months = year.childNumbers.compactMap(year.child)
            let days = months.flatMap { month in month.childNumbers.compactMap(month.child) }
            directories += ([year] + months + days).map { .date($0) }
        }
        return directories.map { .directory($0) } + ControlFile.allCases.map { .control($0) }
    }()

    @Test("A number follows from the SIDs alone, and is another for each node")
    func distinct() throws {
        var generator = SeededGenerator(seed: 9)
        let accounts = try (0..<5).map { _ in try Self.sid("AC", generator.next(), generator.next()) }
        var nodes: [(place: Place, account: SID?)] = ([nil] + accounts).flatMap { account in
            Self.fixedPlaces.map { ($0, account) }
        }
        for kind in MediaKind.allCases {
            for _ in 0..<20_000 {
                let sid = try Self.sid(kind.sidPrefix, generator.next(), generator.next())
                let group = try Self.sid(kind == .voiceRecording ? "CA" : "RM", generator.next(), generator.next())
                let places: [Place] = [
                    .media(sid, kind), .metadata(sid, kind), .link(sid, kind, .date), .link(sid, kind, .group),
                    .directory(.group(group)),
                ]
                nodes += places.map { ($0, accounts.randomElement(using: &generator)) }
                guard kind.group == .call else { continue }
                let conference = try Self.sid("CF", generator.next(), generator.next())
                nodes += [.caller, .callee, .conference].map { (.link(sid, kind, $0), nil) }
                nodes.append((.directory(.group(conference)), nil))
            }
        }
        for account in [nil] + accounts {
            for number in Set((0..<1000).map { _ in Int64.random(in: PhoneNumber.digits, using: &generator) } + [0]) {
                guard let group = NumberGroup(storedNumber: number) else { continue }
                nodes.append((.directory(.number(group)), account))
            }
        }
        let numbers = nodes.map { InodeNumber(preferredBy: $0.place, of: $0.account) }
        #expect(Set(numbers).count == nodes.count)
        #expect(numbers == nodes.map { InodeNumber(preferredBy: $0.place, of: $0.account) })
        #expect(!numbers.contains(InodeNumber(rawValue: 0)))
        #expect(numbers.filter { $0 == .root }.count == 1)
    }

    @Test("There are numbers for each kind, and a number that a recording prefers tells its kind")
    func origins() throws {
        for kind in MediaKind.allCases {
            #expect(InodeNumber.kinds.contains(kind.rawValue))
            let sid = try Self.sid(kind.sidPrefix, 0x1234_5678_9ABC_DEF0, 1)
            for place in [
                Place.media(sid, kind), .metadata(sid, kind), .link(sid, kind, .date), .link(sid, kind, .group),
            ] {
                guard case .recording(kind, let digits, let found)? = InodeNumber(preferredBy: place).origin else {
                    Issue.record("\(place)")
                    continue
                }
                #expect(digits.contains(sid.high) && found(sid) == place)
            }
        }
    }

    @Test("A number of a view by call tells its view, and that of a telephone number or a conference which it is")
    func originsOfCalls() throws {
        let sid = try Self.sid("RE", 0x1234_5678_9ABC_DEF0, 1)
        for view in [View.caller, .callee, .conference] {
            guard
                case .link(view, let digits)? = InodeNumber(preferredBy: .link(sid, .voiceRecording, view)).origin
            else {
                Issue.record("\(view)")
                continue
            }
            #expect(digits.contains(sid.high))
        }
        let conference = try Self.sid("CF", 0xFEDC_BA98_7654_3210, 1)
        guard
            case .group(.conference, let digits)? =
                InodeNumber(preferredBy: .directory(.group(conference))).origin
        else {
            Issue.record("no conference")
            return
        }
        #expect(digits.contains(conference.high))
        for name in ["anonymous", "+10", "+493012345", "+999999999999999"] {
            let group = try #require(NumberGroup(named: name))
            guard case .number(group)? = InodeNumber(preferredBy: .directory(.number(group))).origin else {
                Issue.record("\(name)")
                continue
            }
        }
    }

    @Test("Within a directory numbers grow with the names", arguments: MediaKind.allCases)
    func order(kind: MediaKind) throws {
        var generator = SeededGenerator(seed: 5)
        let sids = try (0..<10_000).map { _ in try Self.sid(kind.sidPrefix, generator.next(), generator.next()) }
        let sorted = sids.sorted { $0.description < $1.description }
        let groups = try sorted.map { try Self.sid(kind == .voiceRecording ? "CA" : "RM", $0.high, $0.low) }
        for places in [
            sorted.map { Place.media($0, kind) }, sorted.map { .metadata($0, kind) },
            sorted.map { .link($0, kind, .date) }, sorted.map { .link($0, kind, .group) },
            groups.map { .directory(.group($0)) },
        ] {
            let numbers = places.map { InodeNumber(preferredBy: $0).rawValue }
            #expect(zip(numbers, numbers.dropFirst()).allSatisfy { $0 < $1 })
        }
    }

    @Test("A hundred thousand nodes that prefer one number take hardly more than one attempt each")
    func hostile() throws {
        let nodes = try Self.colliding(100_000)
        #expect(Set(nodes.map { InodeNumber(preferredBy: $0.place) }).count == 1)
        #expect(Set(nodes.prefix(8).map { InodeNumber(attempt: 0, by: $0.place) }).count == 1)
        var table = InodeTable()
        var numbers: Set<InodeNumber> = []
        // Trying one number after the other would take five billion attempts, which the time limit of a test ends.
        for node in nodes { numbers.insert(table.refer(to: node)) }
        #expect(numbers.count == nodes.count)
    }

    @Test("Nodes that prefer one number get one each, and the kernel's number means the node that it was given for")
    func collision() throws {
        let nodes = try Self.colliding(5)
        #expect(Set(nodes.map { InodeNumber(preferredBy: $0.place) }).count == 1)
        var table = InodeTable()
        let numbers = nodes.map { table.refer(to: $0) }
        #expect(Set(numbers).count == 5)
        for (node, number) in zip(nodes, numbers) {
            #expect(table.node(of: number) == node)
            #expect(table.number(of: node) == number)
        }
    }

    @Test(
        "A node keeps its number while the kernel knows it, also when the one that it prefers becomes free",
        arguments: 0..<4)
    func stableAfterForget(forgotten: Int) throws {
        let nodes = try Self.colliding(4)
        var table = InodeTable()
        let numbers = nodes.map { table.refer(to: $0) }
        table.forget(numbers[forgotten], count: 1)
        #expect(table.node(of: numbers[forgotten]) == nil)
        for index in 0..<4 where index != forgotten {
            #expect(table.number(of: nodes[index]) == numbers[index])
            #expect(table.refer(to: nodes[index]) == numbers[index])
            table.forget(numbers[index], count: 1)
            #expect(table.node(of: numbers[index]) == nodes[index])
        }
        // The one that comes again gets a number that nobody has.
        let again = table.refer(to: nodes[forgotten])
        #expect(table.node(of: again) == nodes[forgotten])
        for index in 0..<4 where index != forgotten { #expect(again != numbers[index]) }
    }

    @Test("References are counted, and the last one taken back lets the number go")
    func counting() throws {
        let node = try Self.colliding(1)[0]
        var table = InodeTable()
        let number = table.refer(to: node)
        for _ in 0..<9 { #expect(table.refer(to: node) == number) }
        table.forget(number, count: 4)
        #expect(table.node(of: number) == node)
        table.forget(number, count: 5)
        #expect(table.node(of: number) == node)
        table.forget(number, count: 1)
        #expect(table.node(of: number) == nil)
        // Late and superfluous ones do no harm.
        table.forget(number, count: .max)
        #expect(table.refer(to: node) == number)
        table.forget(number, count: .max)
        #expect(table.node(of: number) == nil)
    }

    @Test("The table agrees with a simple model over random operations", arguments: 1...10 as ClosedRange<UInt64>)
    func random(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let nodes = try Self.colliding(6)
        var table = InodeTable()
        var known: [Int: (number: InodeNumber, count: UInt64)] = [:]
        for _ in 0..<2000 {
            let index = Int.random(in: 0..<nodes.count, using: &generator)
            if Bool.random(using: &generator) {
                let number = table.refer(to: nodes[index])
                if let before = known[index] { #expect(before.number == number) }
                known[index] = (number, (known[index]?.count ?? 0) + 1)
            } else if let entry = known[index] {
                let count = UInt64.random(in: 1...entry.count, using: &generator)
                table.forget(entry.number, count: count)
                known[index] = entry.count == count ? nil : (entry.number, entry.count - count)
            }
            #expect(Set(known.values.map(\.number)).count == known.count)
            for (index, entry) in known { #expect(table.node(of: entry.number) == nodes[index]) }
        }
    }

    @Test("What can collide of a subaccount gets another number as well, which means it and nothing else")
    func subaccounts() throws {
        let accounts = try [Self.sid("AC", 1, 2), Self.sid("AC", 3, 4)]
        var table = InodeTable(subaccounts: accounts)
        var nodes = Self.fixedPlaces.map { Node($0) }
        for number in 1...2 as ClosedRange<UInt16> {
            nodes += Self.fixedPlaces.map { Node($0, in: BranchNumber(rawValue: number)) }
        }
        // A recording that two accounts have, which Twilio never lets happen.
        let recording = Place.media(try Self.sid("RE", 7, 8), .voiceRecording)
        nodes += (0...2).map { Node(recording, in: BranchNumber(rawValue: $0)) }
        let numbers = nodes.map { table.refer(to: $0) }
        #expect(Set(numbers).count == nodes.count)
        for (node, number) in zip(nodes, numbers) { #expect(table.node(of: number) == node) }
        // The order of the accounts is the list's, and may be another after a remount.
        let again = InodeTable(subaccounts: accounts.reversed())
        for place in Self.fixedPlaces {
            #expect(
                again.number(of: Node(place, in: BranchNumber(rawValue: 2)))
                    == table.number(of: Node(place, in: BranchNumber(rawValue: 1))))
        }
    }

    @Test("The number of a telephone number's directory leads back to it, in each account")
    func telephoneNumbers() throws {
        var generator = SeededGenerator(seed: 5)
        var others = 0
        for _ in 0..<200 {
            let account = try Self.sid(
                "AC", .random(in: 0 ... .max, using: &generator), .random(in: 0...9, using: &generator))
            let stored: [Int64] = [0, 10, 112, 999_999_999_999_999, .random(in: PhoneNumber.digits, using: &generator)]
            for group in stored.compactMap({ NumberGroup(storedNumber: $0) }) {
                let place = Place.directory(.number(group))
                let groups = InodeNumber(preferredBy: place, of: account).numberGroups(of: account)
                #expect(groups.contains(group), "\(group.name)")
                others += groups.count - 1
                let own: NumberGroup? =
                    if case .number(let own) = InodeNumber(preferredBy: place).origin { own } else { nil }
                #expect(own == group)
            }
        }
        // A few that don't prefer the number, rather than thousands to try.
        #expect(others < 200)
    }

    @Test("The root is known always")
    func root() {
        var table = InodeTable()
        table.forget(.root, count: 5)
        #expect(table.node(of: .root) == Node(.directory(.root)))
        #expect(table.refer(to: Node(.directory(.root))) == .root)
    }
}

@Suite("Nodes", .orderly)
struct NodeTests {
    @Test("A node is small, since the kernel may know a million of them")
    func size() {
        #expect(MemoryLayout<Node>.stride <= 32)
    }
}
