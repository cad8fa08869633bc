import Foundation

/// Says what is to be read, and how often.
struct Plan: Sendable {
    /// Is the reason why a command line isn't one.
    struct Mistake: Error {
        let words: String
    }

    /// The paths of the files, each with that of its original.
    var files: [(path: String, original: String)] = []
    /// `count`: how many reads, of all threads together.
    var count = Int.max
    /// `seconds`: how long reads are begun.
    var duration = Duration.seconds(86_400)
    /// `threads`: how many read at once.
    var threads = 8
    /// `seed`: what offsets, lengths and ways are chosen with.
    var seed: UInt64 = 1
    /// `deadline`, in seconds: a read that takes longer is late.
    var deadline = Duration.seconds(100)
    /// `forget`: how many of a thousand reads begin with the kernel being told to forget the file's bytes.
    var forget: UInt64 = 100
    /// `reopen`: how many of a thousand reads are from a file that is opened for them.
    var reopen: UInt64 = 50
    /// `ways`: those that are taken, with commas between.
    var ways = ReadWay.allCases

    init(words: [String]) throws {
        guard let list = words.first else { throw Mistake(words: "The file with the paths is missing") }
        files = try String(contentsOfFile: list, encoding: .utf8).split(separator: "\n").map { line in
            let paths = line.split(separator: "\t").map(String.init)
            guard paths.count == 2 else { throw Mistake(words: "A line has not two paths: \(line)") }
            return (paths[0], paths[1])
        }
        guard !files.isEmpty else { throw Mistake(words: "There are no paths in \(list)") }
        for word in words.dropFirst() { try take(word) }
    }

    private mutating func take(_ word: String) throws {
        let parts = word.split(separator: "=", maxSplits: 1).map(String.init)
        let value = parts.count == 2 ? parts[1] : ""
        func number() throws -> Int {
            guard let number = Int(value), number >= 0 else { throw Mistake(words: "\(word) has no number") }
            return number
        }
        switch parts.first {
        case "count": count = try number()
        case "seconds": duration = .seconds(try number())
        case "threads": threads = try number()
        case "seed": seed = UInt64(try number())
        case "deadline": deadline = .seconds(try number())
        case "forget": forget = UInt64(try number())
        case "reopen": reopen = UInt64(try number())
        case "ways":
            ways = try value.split(separator: ",").map { name in
                guard let way = ReadWay(rawValue: String(name)) else { throw Mistake(words: "There is no way \(name)") }
                return way
            }
        default: throw Mistake(words: "What is \(word)?")
        }
    }
}
