import Foundation
import Support

/// Reads files in every way that a program can, from many threads, and compares each read with the original.
///
/// `read-exerciser FILES [NAME=VALUE …]`: each line of `FILES` has the path of a file and that of its original, with a
/// tabulator between. The names are in `Plan`. It prints a JSON object with what it has counted (`Tally`), and ends
/// with status 0 whatever that is: who runs it decides how much is too much.
@main
struct ReadExerciser {
    static func main() throws {
        let plan = try Plan(words: Array(CommandLine.arguments.dropFirst()))
        let files = try plan.files.map(ExercisedFile.init)
        let total = Locked(Tally())
        let left = Locked(plan.count)
        let begin = ContinuousClock.now
        let group = DispatchGroup()
        for number in 0..<plan.threads {
            group.enter()
            Thread.detachNewThread {
                let reader = Reader(plan: plan, files: files, number: number)
                while ContinuousClock.now - begin < plan.duration, take(from: left) { reader.readOnce() }
                total.withLock { $0.add(reader.tally) }
                group.leave()
            }
        }
        group.wait()
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys]
        print(String(decoding: try encoder.encode(total.withLock { $0 }), as: UTF8.self))
    }

    private static func take(from left: Locked<Int>) -> Bool {
        left.withLock { left in
            left -= 1
            return left >= 0
        }
    }
}
