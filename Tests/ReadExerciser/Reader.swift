import Foundation

/// Is one thread that reads: it chooses file, way, offset and length, and compares what it gets.
final class Reader {
    private(set) var tally = Tally()

    private let plan: Plan
    private let files: [ExercisedFile]
    private var state: UInt64
    private let reading: Reading?
    /// Files that stay open, by their number and the way.
    private var open: [String: Int32] = [:]

    init(plan: Plan, files: [ExercisedFile], number: Int) {
        self.plan = plan
        self.files = files
        state = plan.seed &* 1_000_003 &+ UInt64(number)
        reading = try? Reading()
    }

    /// Makes one read.
    func readOnce() {
        let number = Int(choose(UInt64(files.count)))
        let file = files[number]
        // Whole files are long: one in so many is enough.
        var way = plan.ways[Int(choose(UInt64(plan.ways.count)))]
        if way == .whole, plan.ways.count > 1, choose(20) > 0 { way = .pread }
        let (offset, count) = way == .whole ? (0, file.original.count + 1) : part(of: file.original.count)
        let begin = ContinuousClock.now
        var complaint: String?
        do {
            let bytes = try bytes(way, of: file, number: number, at: offset, count: count)
            complaint = difference(bytes, file.expected(at: offset, count: count))
            if complaint == nil { tally.bytes += bytes.count } else { tally.wrong += 1 }
        } catch {
            let number = (error as? Failure)?.number ?? -1
            tally.errors += 1
            tally.numbers["\(number)", default: 0] += 1
            complaint = "error \(number)"
        }
        let seconds = (ContinuousClock.now - begin) / .seconds(1)
        tally.reads += 1
        tally.ways[way.rawValue, default: 0] += 1
        tally.longest = max(tally.longest, seconds)
        if seconds > plan.deadline / .seconds(1) {
            tally.late += 1
            complaint = (complaint ?? "right") + ", late"
        }
        if let complaint {
            let time = Date().timeIntervalSince1970
            tally.add(example: "\(time) \(file.path) \(way) \(offset)+\(count): \(complaint) after \(seconds) s")
        }
    }

    private func bytes(
        _ way: ReadWay, of file: ExercisedFile, number: Int, at offset: Int, count: Int
    ) throws -> [UInt8] {
        guard let reading else { throw Failure(number: EMFILE) }
        let key = "\(number) \(way == .direct)"
        if choose(1000) < plan.reopen, let old = open.removeValue(forKey: key) { close(old) }
        let descriptor: Int32
        if let kept = open[key] {
            descriptor = kept
        } else {
            descriptor = Glibc.open(file.path, way.flags)
            guard descriptor >= 0 else { throw Failure.last }
            open[key] = descriptor
        }
        if choose(1000) < plan.forget { posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED) }
        do {
            return try reading.bytes(way, of: descriptor, size: file.original.count, at: offset, count: count)
        } catch {
            // A file that has changed or gone is another when it is opened again.
            open[key] = nil
            close(descriptor)
            throw error
        }
    }

    /// An offset and a length: any, around the bounds of blocks, or around the end.
    private func part(of size: Int) -> (offset: Int, count: Int) {
        let count = Int(choose(10) < 8 ? choose(65_536) : choose(600_000)) + 1
        switch choose(4) {
        case 0:
            let bound = Int(choose(UInt64(size / 131_072 + 1))) * 131_072
            return (max(0, bound - Int(choose(64))), count)
        case 1: return (max(0, size - Int(choose(70_000))), count)
        default: return (Int(choose(UInt64(size + 1))), count)
        }
    }

    private func difference(_ bytes: [UInt8], _ expected: Data) -> String? {
        guard bytes.count == expected.count else { return "\(bytes.count) bytes and not \(expected.count)" }
        let same = bytes.withUnsafeBytes { bytes in
            expected.withUnsafeBytes { expected in
                guard let one = bytes.baseAddress, let other = expected.baseAddress else { return expected.isEmpty }
                return memcmp(one, other, expected.count) == 0
            }
        }
        if same { return nil }
        let place = zip(bytes, expected).enumerated().first { $1.0 != $1.1 }?.offset ?? 0
        return "wrong from its byte \(place) on"
    }

    /// A number from 0 to below a bound (SplitMix64).
    private func choose(_ bound: UInt64) -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return (value ^ (value >> 31)) % max(bound, 1)
    }
}
